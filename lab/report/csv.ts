/**
 * A report as tables for spreadsheets: its steps, or its series. Times are in seconds, sizes in bytes; lines end as RFC 4180
 * wants it.
 *
 * @module
 */

import type { DrillReport } from "./drill_report.ts";
import { csvField } from "./escape.ts";
import { SECOND } from "./words.ts";

type Field = string | number | null;

function csv(rows: readonly (readonly Field[])[]): string {
  return rows.map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}

function seconds(micros: number | null): number | null {
  return micros === null ? null : micros / SECOND;
}

function stepsCsv({ steps }: DrillReport): string {
  return csv([
    ["step", "line", "what", "planned", "planned_s", "began_s", "took_s", "result", "code", "why"],
    ...steps.map((step) => {
      const { began, ended } = step;
      const took = began === null || ended === null ? null : seconds(ended - began);
      const planned = [step.planned, seconds(step.plannedAt)] as const;
      const { id, line, what, result, code, why } = step;
      return [id, line, what, ...planned, seconds(began), took, result, code, why];
    }),
  ]);
}

function seriesCsv({ machines, linkSeries }: DrillReport): string {
  return csv([
    ["series", "machine", "at_s", "value", "unit"],
    ...machines.flatMap(({ vm, rpoSeries, backlogSeries }): Field[][] => [
      ...rpoSeries.map(([at, rpo]) => ["rpo", vm, seconds(at), seconds(rpo), "s"]),
      ...backlogSeries.map(([at, bytes]) => ["backlog", vm, seconds(at), bytes, "B"]),
    ]),
    ...linkSeries.map(([at, rate]): Field[] => ["link", "", seconds(at), rate, "B/s"]),
  ]);
}

/** The steps of the script with what came of them, or every series: RPO, backlog, use of the link. */
export function reportCsv(report: DrillReport, what: "steps" | "series"): string {
  return what === "steps" ? stepsCsv(report) : seriesCsv(report);
}
