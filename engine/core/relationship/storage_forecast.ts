/**
 * What a replica will need for a machine and the points that were chosen: from the size of its disks and
 * how much of them is written, as it was measured or, where nothing was measured yet, as it is assumed.
 *
 * Between two neighbouring points lies one undo file with what the blocks written between them held before:
 * as many bytes as there are distinct blocks written in that time, U(time). So the points of a tier of one
 * each E that reaches from R back to S take (S - R) / E · U(E). Points that are gone wait until the period
 * of the next tier is over, which is at most one such period at the finer pace; while they are merged the
 * old and the new file exist. Beside them lie a delta being staged and one being applied, the states, and
 * the raw disks, which are sparse and counted whole.
 *
 * @module
 */

import { DAY, MiB, MINUTE } from "../base/units.ts";
import type { JsonObject } from "../base/json.ts";
import type { Churn } from "../tracking/churn.ts";
import type { Retention } from "../wire/retention.ts";

/** Less than this is no measurement, µs. */
const MEASURED_MIN = MINUTE;
/** What is assumed to be written in a day where nothing was measured: a twentieth of the disks. */
const ASSUMED_SHARE = 20;
/** Index and checksums of an undo file: 64 bytes for each block of 4 KiB at most, and a page. */
const OVERHEAD = 64;
/** States, reserve, and what files take that hold little. */
const FIXED = 4 * MiB;

/** What a replica will need, bytes. */
export interface StorageForecast {
  /** All of it. */
  readonly bytes: number;
  /** The raw disks, whole. */
  readonly disks: number;
  /** Undo files of the points. */
  readonly points: number;
  /** Deltas under way, and files that wait to be merged. */
  readonly work: number;
  /** Bytes of distinct blocks written in a day. */
  readonly perDay: number;
  /** For how long that was measured, µs; 0 where it is assumed. */
  readonly measured: number;
}

/** The forecast for disks of `size` bytes in all, of which `churn` was measured for `measured` µs. */
export function forecastStorage(
  retention: Retention,
  frequency: number,
  size: number,
  churn: readonly Churn[],
  measured: number,
): StorageForecast {
  const known = measured >= MEASURED_MIN && churn.length > 0;
  const samples = known ? churn : [{ span: DAY, bytes: Math.ceil(size / ASSUMED_SHARE) }];
  const written = (span: number) => Math.min(size, distinct(samples, span));
  const undo = (span: number) => {
    const bytes = written(span);
    return bytes + Math.ceil(bytes / 4096) * OVERHEAD;
  };
  let points = 0;
  let waiting = 0;
  // So far back, and at this pace, points lie already.
  let reached = 0;
  let pace = frequency;
  if (retention.tiers.length === 0) points = (retention.last - 1) * undo(frequency);
  for (const { every, span, count } of retention.tiers) {
    const step = Math.max(every, frequency);
    const reach = count > 0 ? count * step : span;
    points += Math.ceil(Math.max(0, reach - reached) / step) * undo(step);
    // One period at the finer pace waits, and its merged file lies beside it for a moment.
    if (step > pace) waiting = Math.max(waiting, Math.ceil(step / pace) * undo(pace) + undo(step));
    reached = Math.max(reached, reach);
    pace = step;
  }
  const work = waiting + 2 * undo(frequency) + FIXED;
  return {
    bytes: size + points + work,
    disks: size,
    points,
    work,
    perDay: written(DAY),
    measured: known ? measured : 0,
  };
}

/** The forecast as verbs answer it. */
export function forecastJson(forecast: StorageForecast): JsonObject {
  const { measured, ...bytes } = forecast;
  return { ...bytes, measuredSeconds: Math.floor(measured / 1_000_000) };
}

/** Churn of several disks together. */
export function joinedChurn(disks: readonly (readonly Churn[])[]): Churn[] {
  const spans = [...new Set(disks.flatMap((churn) => churn.map(({ span }) => span)))];
  spans.sort((left, right) => left - right);
  return spans.map((span) => ({
    span,
    bytes: disks.reduce((sum, churn) => sum + (churn.length === 0 ? 0 : distinct(churn, span)), 0),
  }));
}

/**
 * Bytes of distinct blocks written in `span`: between two measured spans on the line between them; beyond
 * the longest as much again for the same time again, which is never too little.
 */
function distinct(samples: readonly Churn[], span: number): number {
  let before: Churn = { span: 0, bytes: 0 };
  for (const sample of samples) {
    if (span <= sample.span) {
      const share = (span - before.span) / (sample.span - before.span);
      return Math.ceil(before.bytes + (sample.bytes - before.bytes) * share);
    }
    before = sample;
  }
  return before.span === 0 ? 0 : Math.ceil((before.bytes * span) / before.span);
}
