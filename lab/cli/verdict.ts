/**
 * What came of a drill, for a terminal: one sentence, then each expectation held against what was achieved.
 *
 * @module
 */

import type { DrillReport } from "../report/drill_report.ts";
import { countText } from "../report/words.ts";

const WORDS: Readonly<Record<DrillReport["verdict"], string>> = {
  "passed": "Passed",
  "passed-with-conditions": "Passed with conditions",
  "failed": "Failed",
};

/** The verdict; `took` ms went by. */
export function verdictText(report: DrillReport, took: number): string {
  const rows = report.expectations.map(({ holds, name, expected, achieved }) =>
    `  ${holds ? "ok " : "NO "} ${name}: ${expected}; achieved: ${firstLine(achieved)}\n`
  );
  const violated = report.violation === null
    ? ""
    : `  NO  ${report.violation.id}: ${firstLine(report.violation.message)}\n`;
  const speed = countText(report.events / Math.max(took / 1000, 0.001));
  return `\n${WORDS[report.verdict]}: ${firstLine(report.sentence)}\n\n${
    rows.join("")
  }${violated}` +
    `\n${countText(report.events)} events in ${(took / 1000).toFixed(1)} s (${speed} a second), ` +
    `seed ${report.seed}, trace ${report.traceHash}\n`;
}

/** A failed assertion brings its stack along, which the report has. */
function firstLine(text: string): string {
  return text.split("\n")[0]!;
}

/** Whether everything that was expected came true. */
export function hasPassed(report: DrillReport): boolean {
  return report.verdict !== "failed" && report.expectations.every(({ holds }) => holds);
}
