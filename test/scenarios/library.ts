/**
 * The scenarios of the library, for the tests that play them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { makeReport } from "../../lab/report/report.ts";
import { runDrill } from "../../lab/run/session.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";
import { readScenario } from "../../lab/scenario/read_scenario.ts";
import { loadKernel } from "../../wasm/codec.ts";

const FOLDER = new URL("../../scenarios/", import.meta.url);

/** By the names of their files. */
export const LIBRARY: ReadonlyMap<string, DrillScenario> = new Map(
  readdirSync(FOLDER).filter((name) => name.endsWith(".yaml")).sort().map((file) => {
    const result = readScenario(readFileSync(new URL(file, FOLDER), "utf8"));
    assert.ok(result.ok, result.ok ? "" : `${file}: ${JSON.stringify(result.problems)}`);
    return [file, result.scenario];
  }),
);

/** One test for each scenario that `wanted` chooses: it comes to what its story says. */
export function playEach(wanted: (drill: DrillScenario) => boolean): void {
  for (const [file, drill] of LIBRARY) {
    if (!wanted(drill)) continue;
    Deno.test(`${file} comes to what its story says`, () => {
      const recording = runDrill(drill, loadKernel(), { engineHash: "", frames: false });
      const { expectations, sentence, violation } = makeReport(recording);
      assert.equal(violation, null);
      assert.deepEqual(expectations.filter(({ holds }) => !holds), [], sentence);
    });
  }
}
