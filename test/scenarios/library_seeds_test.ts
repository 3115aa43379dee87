/**
 * What scenarios of the library expect does not hang on their seed: a campaign over one is not red by chance.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DAY } from "../../engine/core/base/units.ts";
import { makeReport } from "../../lab/report/report.ts";
import { runDrill } from "../../lab/run/session.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { LIBRARY } from "./library.ts";

for (const [file, drill] of LIBRARY) {
  // Of these the seed decides which sectors are torn.
  if (drill.end >= DAY || file === "torn-log.yaml") continue;
  Deno.test(`${file} comes to what it expects with other seeds`, () => {
    for (const seed of [1, 2, 3]) {
      const other = runDrill({ ...drill, seed }, loadKernel(), { engineHash: "", frames: false });
      const { expectations, violation } = makeReport(other);
      assert.equal(violation, null);
      assert.deepEqual(expectations.filter(({ holds }) => !holds), [], `With seed ${seed}`);
    }
  });
}
