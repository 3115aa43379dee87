/**
 * Reports are what their definition says, also written down, and the published schema is that definition.
 *
 * @module
 */

import assert from "node:assert/strict";
import { drillReportSchema, reportFileSchema } from "../../../../lab/report/drill_report.ts";
import { makeReport, reportJson } from "../../../../lab/report/report.ts";
import { reportSchemaText } from "../../../../tools/report_schema/schema.ts";
import { PROVENANCE } from "./hostile.ts";
import { fire, Story } from "./story.ts";

const PUBLISHED = new URL("../../../../scenarios/report.schema.json", import.meta.url);

Deno.test("a report meets its definition, and its file reads back to the same", () => {
  for (const story of [fire(), new Story("erp"), new Story()]) {
    const report = makeReport(story.recording(1200));
    const { provenance, ...read } = reportFileSchema.parse(
      JSON.parse(reportJson(report, PROVENANCE)),
    );
    assert.deepEqual(read, report);
    assert.deepEqual(provenance, PROVENANCE);
  }
});

Deno.test("what the definition does not know is refused", () => {
  const report = makeReport(fire().recording(1200));
  assert.equal(drillReportSchema.safeParse(report).success, true);
  assert.equal(drillReportSchema.safeParse({ ...report, more: 1 }).success, false);
  assert.equal(drillReportSchema.safeParse({ ...report, verdict: "fine" }).success, false);
});

Deno.test("the published schema is current: deno run -A tools/report_schema/main.ts", () => {
  assert.equal(Deno.readTextFileSync(PUBLISHED), reportSchemaText());
});

Deno.test("the published schema names every member of a report", () => {
  const schema = JSON.parse(Deno.readTextFileSync(PUBLISHED));
  const report = { ...makeReport(fire().recording(1200)), provenance: PROVENANCE };
  assert.deepEqual(Object.keys(schema.properties).sort(), Object.keys(report).sort());
  assert.deepEqual(schema.required.toSorted(), Object.keys(report).sort());
  assert.equal(schema.additionalProperties, false);
});

Deno.test("a scenario that was recorded with another engine says so, and its drill passes with that condition alone", () => {
  const recording = fire().recording(1200);
  const of = (engineHash: string) =>
    makeReport({ ...recording, scenario: { ...recording.scenario, engineHash } }).findings
      .filter(({ sentence }) => sentence.includes("recorded with engine"));
  assert.equal(of(recording.engineHash).length, 0);
  assert.deepEqual(of("0123456789abcdef").map(({ severity }) => severity), ["major"]);
});
