/**
 * What came of a drill, for a terminal: one sentence, then each expectation held against what was achieved.
 *
 * @module
 */

import type { DrillReport, Finding } from "../report/drill_report.ts";
import { countText } from "../report/words.ts";

const WORDS: Readonly<Record<DrillReport["verdict"], string>> = {
  "passed": "Passed",
  "passed-with-conditions": "Passed with conditions",
  "failed": "Failed",
};

/** Findings that are shown; the report has all. */
const FINDINGS_MAX = 5;

/** The verdict; `took` ms went by. */
export function verdictText(report: DrillReport, took: number): string {
  const { expectations, violation, findings, events } = report;
  const rows = expectations.map(({ holds, name, expected, achieved }) =>
    `  ${holds ? "ok" : "NO"}  ${name}: ${expected}; achieved: ${firstLine(achieved)}`
  );
  if (violation !== null) rows.push(`  NO  ${violation.id}: ${firstLine(violation.message)}`);
  for (const { sentence, action } of findings.filter(isGrave).slice(0, FINDINGS_MAX)) {
    rows.push(`  !   ${firstLine(sentence)} ${action}`);
  }
  const speed = countText(events / Math.max(took / 1000, 0.001));
  return [
    "",
    `${WORDS[report.verdict]}: ${firstLine(report.sentence)}`,
    "",
    ...rows,
    "",
    `${countText(events)} events in ${(took / 1000).toFixed(1)} s (${speed} a second), ` +
    `seed ${report.seed}, trace ${report.traceHash}`,
    "",
  ].join("\n");
}

function isGrave({ severity }: Finding): boolean {
  return severity === "critical" || severity === "major";
}

/** A failed assertion brings its stack along, which the report has. */
function firstLine(text: string): string {
  return text.split("\n")[0]!;
}

/** Whether everything that was expected came true. */
export function hasPassed(report: DrillReport): boolean {
  return report.verdict !== "failed" && report.expectations.every(({ holds }) => holds);
}
