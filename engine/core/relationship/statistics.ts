/**
 * Statistics of one machine's replication: counters that never go down (I39).
 *
 * @module
 */

/** Counters since the process started. */
export interface Statistics {
  /** Bytes of blocks that travelled or were told to be zero. */
  bytesSent: number;
  /** Bytes on the wire for them. */
  wireBytes: number;
  /** Points staged. */
  cycles: number;
  /** Cycles that should have been and were not: the one before took too long, or it failed. */
  missed: number;
  /** Cuts that failed because a gate could not be closed in time. */
  cutsFailed: number;
  /** Frozen views given up. */
  viewsGivenUp: number;
  /** Attempts to replicate that ended in a failure. */
  failures: number;
  /** How long gates were closed for the newest cuts, µs; at most `CUTS_REMEMBERED`. */
  readonly cutMicros: number[];
}

/** How many cuts' durations are kept for percentiles. */
export const CUTS_REMEMBERED = 1000;

/** All zero. */
export function newStatistics(): Statistics {
  return {
    bytesSent: 0,
    wireBytes: 0,
    cycles: 0,
    missed: 0,
    cutsFailed: 0,
    viewsGivenUp: 0,
    failures: 0,
    cutMicros: [],
  };
}

/** Notes how long a cut's gates were closed. */
export function noteCut(statistics: Statistics, micros: number): void {
  statistics.cutMicros.push(micros);
  if (statistics.cutMicros.length > CUTS_REMEMBERED) statistics.cutMicros.shift();
}

/** The value below which `percent` of the remembered cuts lie, µs; `undefined` without any. */
export function cutPercentile(statistics: Statistics, percent: number): number | undefined {
  const sorted = [...statistics.cutMicros].sort((left, right) => left - right);
  if (sorted.length === 0) return undefined;
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * percent / 100))];
}
