/**
 * Ticks that people find round: of time, of sizes, of rates.
 *
 * @module
 */

import { bytesText, durationText, instantText, SECOND } from "./words.ts";

/** How a value on an axis is divided and written. */
export interface Scale {
  /** Distances that look round, ascending. */
  readonly steps: readonly number[];
  readonly show: (value: number) => string;
}

const ROUND = [1, 2, 5, 10, 15, 30];

const DURATIONS = [
  ...[1, 10, 100, 1000, 10_000, 100_000].flatMap((unit) => [1, 2, 5].map((one) => one * unit)),
  ...ROUND.map((one) => one * SECOND),
  ...ROUND.map((one) => one * 60 * SECOND),
  ...[1, 2, 3, 6, 12].map((one) => one * 3600 * SECOND),
  ...[1, 2, 7, 14, 30, 60, 180, 365, 1000].map((one) => one * 86_400 * SECOND),
];

const SIZES = [0, 1, 2, 3, 4, 5].flatMap((power) =>
  [1, 2, 5, 10, 20, 50, 100, 200, 500].map((one) => one * 1024 ** power)
);

/** Durations, from zero on. */
export const DURATION: Scale = { steps: DURATIONS, show: durationText };
/** Instants of the world. */
export const INSTANT: Scale = {
  steps: DURATIONS.filter((step) => step >= SECOND),
  show: instantText,
};
/** Sizes. */
export const SIZE: Scale = { steps: SIZES, show: bytesText };
/** Sizes a second. */
export const RATE: Scale = { steps: SIZES, show: (value) => `${bytesText(value)}/s` };

/** Round values from 0 up to `most`, no more than so many of them. */
export function ticks(most: number, { steps }: Scale, count: number): number[] {
  const step = steps.find((one) => most / one <= count) ?? most / count;
  if (!(step > 0)) return [0];
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}
