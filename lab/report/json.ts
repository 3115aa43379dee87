/**
 * A report as JSON: what `scenarios/report.schema.json` describes, one member a line.
 *
 * @module
 */

import type { DrillReport, Provenance } from "./drill_report.ts";

/** The report with where it comes from, as JSON text. */
export function reportJson(report: DrillReport, provenance: Provenance): string {
  const members = Object.entries({ ...report, provenance })
    .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${members.join(",\n")}\n}\n`;
}
