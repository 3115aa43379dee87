/**
 * What charts show: the report's own series where there is a report, and what display states say until then.
 *
 * @module
 */

import type { DrillReport } from "../../lab/report/drill_report.ts";
import type { Frame } from "../../lab/run/recording.ts";

/** Instants with values; null where there is none. */
export type Series = readonly (readonly [time: number, value: number | null])[];

/** A line of a chart. */
export interface NamedSeries {
  readonly name: string;
  readonly series: Series;
}

/** What a machine would lose at each instant, µs. */
export function rpoSeries(
  frames: readonly Frame[],
  report: DrillReport | undefined,
): NamedSeries[] {
  if (report !== undefined) {
    return report.machines.map(({ vm, rpoSeries }) => ({ name: vm, series: rpoSeries }));
  }
  return ofMachines(frames, ({ rpo }) => rpo);
}

/** What a backlog is, on the stage and in its chart. */
export const BACKLOG =
  "Blocks changed since the newest point at the other side: what the next point has to carry";

/**
 * What has changed since the newest point, bytes: what the stage shows, before and after the run is complete. A report counts
 * what guests have written instead, the same block as often as it was written.
 */
export function backlogSeries(
  frames: readonly Frame[],
): NamedSeries[] {
  return ofMachines(frames, ({ backlog }) => backlog);
}

/** What travels, bytes a second. */
export function linkSeries(
  frames: readonly Frame[],
  report: DrillReport | undefined,
): NamedSeries[] {
  if (report !== undefined) return [{ name: "on the wire", series: report.linkSeries }];
  const series = frames.slice(1).map(({ at, link }, index) => {
    const before = frames[index]!;
    const seconds = Math.max(1, at - before.at) / 1_000_000;
    return [before.at, (link.ways[0].bytes + link.ways[1].bytes) / seconds] as const;
  });
  return [{ name: "on the wire", series }];
}

function ofMachines(
  frames: readonly Frame[],
  valueOf: (machine: Frame["machines"][number]) => number | null,
): NamedSeries[] {
  const names = frames[0]?.machines.map(({ vm }) => vm) ?? [];
  return names.map((name, index) => ({
    name,
    series: frames.map(({ at, machines }) => [at, valueOf(machines[index]!)] as const),
  }));
}

/** What a recovery cost, for a chart of bars. */
export interface OutcomeBar {
  readonly name: string;
  /** µs; null where it was not measured. */
  readonly rpo: number | null;
  readonly rto: number | null;
}

/** A bar for each machine. */
export function outcomeBars(report: DrillReport | undefined): OutcomeBar[] {
  return report?.machines.map(({ vm, rpo, rto }) => ({ name: vm, rpo, rto })) ?? [];
}
