/**
 * The timeline of a fire, word by word.
 *
 * @module
 */

import assert from "node:assert/strict";
import { makeReport } from "../../../../lab/report/report.ts";
import { instantText } from "../../../../lab/report/words.ts";
import { fire } from "./story.ts";

Deno.test("what happened is told in order and in words", () => {
  const { timeline } = makeReport(fire().recording(1200));
  assert.deepEqual(timeline.map(({ at, who, what }) => `${instantText(at)} ${who}: ${what}`), [
    "00:00:00 erp: runs at Amsterdam",
    "00:05:10 erp: is protected: its first point is at Berlin",
    "00:14:12 step 1: site.fire on amsterdam",
    "00:14:12 Amsterdam: it was destroyed with everything on it",
    "00:14:12 erp: stops at Amsterdam",
    "00:14:12 step 1: done",
    "00:14:42 erp: Berlin says Warning: late",
    "00:15:22 step 2: failover start erp",
    "00:15:32 erp: failed over to Berlin",
    "00:15:32 step 2: done",
    "00:15:52 erp: runs at Berlin",
  ]);
});
