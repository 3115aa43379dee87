/**
 * Reports are what their definition says, and plain enough to be written down.
 *
 * @module
 */

import assert from "node:assert/strict";
import { drillReportSchema } from "../../../../lab/report/drill_report.ts";
import { makeReport } from "../../../../lab/report/report.ts";
import { fire, Story } from "./story.ts";

Deno.test("a report meets its definition, and reads back to the same", () => {
  for (const story of [fire(), new Story("erp"), new Story()]) {
    const report = makeReport(story.recording(1200));
    const read = drillReportSchema.parse(JSON.parse(JSON.stringify(report)));
    assert.deepEqual(read, report);
  }
});

Deno.test("what the definition does not know is refused", () => {
  const report = makeReport(fire().recording(1200));
  assert.equal(drillReportSchema.safeParse({ ...report, more: 1 }).success, false);
  assert.equal(drillReportSchema.safeParse({ ...report, verdict: "fine" }).success, false);
});
