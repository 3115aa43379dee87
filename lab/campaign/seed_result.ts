/**
 * What is kept of one seed of a campaign: a few numbers, plain enough to cross from a worker.
 *
 * @module
 */

import type { DrillReport } from "../report/drill_report.ts";
import { counts } from "../report/machines.ts";

/** Names of expectations that did not hold which are kept of one seed. */
const NAMES_MAX = 8;

/** One seed, run to its end. Of several recoveries each number is the worst; what was lost is the sum. */
export interface SeedResult {
  readonly seed: number;
  readonly traceHash: string;
  readonly events: number;
  readonly verdict: DrillReport["verdict"];
  readonly sentence: string;
  /** µs that recoveries cost; null where none was needed. */
  readonly rpo: number | null;
  /** µs until a guest ran again, of incidents if there were any; null where none stopped. Of those that never did, `neverBack` tells. */
  readonly rto: number | null;
  /** The highest RPO at any time, µs; null where nothing was ever protected. */
  readonly worstRpo: number | null;
  readonly lostWrites: number;
  readonly lostBytes: number;
  readonly neverBack: boolean;
  /** The invariant that did not hold; empty where all did. */
  readonly violation: string;
  /** Expectations that did not hold. */
  readonly unmet: readonly string[];
}

function worstOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** What a campaign keeps of a report. */
export function seedResult(report: DrillReport): SeedResult {
  const { seed, traceHash, events, verdict, sentence, machines, expectations } = report;
  // A loss is not made good by a move behind it that lost nothing.
  const recoveries = report.recoveries.filter(counts);
  const losses = recoveries.flatMap(({ loss }) => loss ?? []);
  const incidents = report.outages.filter(({ kind }) => kind === "incident");
  const outages = incidents.length > 0 ? incidents : report.outages;
  return {
    seed,
    traceHash,
    events,
    verdict,
    sentence,
    rpo: worstOf(recoveries.map(({ rpo }) => rpo)),
    rto: worstOf(outages.map(({ lasted }) => lasted.total)),
    worstRpo: worstOf(machines.map(({ worstRpo }) => worstRpo)),
    lostWrites: losses.reduce((sum, { writes }) => sum + writes, 0),
    lostBytes: losses.reduce((sum, { bytes }) => sum + bytes, 0),
    neverBack: machines.some(({ neverBack }) => neverBack),
    violation: report.violation?.id ?? "",
    unmet: expectations.filter(({ holds }) => !holds).slice(0, NAMES_MAX).map(({ name }) => name),
  };
}
