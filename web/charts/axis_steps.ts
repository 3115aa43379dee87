/**
 * Steps along the axes of charts that read well, for each kind of value: in the units in which the value is written.
 *
 * @module
 */

/** Marks that an axis of values has at most, zero aside. */
const MARKS = 5;

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DURATIONS = [
  ...[.25, .5, 1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100, 200].map((count) => count * DAY),
];

/** The first of `steps` of which so few fit below `most`; the last one where there is none. */
function firstOf(steps: readonly number[], most: number): number {
  return steps.find((step) => most / step <= MARKS) ?? steps.at(-1)!;
}

/** Of an axis up to `most` µs. */
export function durationStep(most: number): number {
  return firstOf(DURATIONS, most);
}

/** Of an axis up to `most` bytes: parts and multiples of the unit in which they are written. */
export function bytesStep(most: number): number {
  const unit = 1024 ** Math.max(0, Math.floor(Math.log2(Math.max(1, most)) / 10));
  return firstOf([.25, .5, 1, 2, 5, 10, 20, 50, 100, 200, 500].map((count) => count * unit), most);
}

/** Of an axis up to `most` bytes a second, which is written in bits. */
export function rateStep(most: number): number {
  const bits = 10 ** Math.floor(Math.log10(Math.max(1, most * 8 / MARKS)));
  return firstOf([1, 2, 5, 10].map((count) => count * bits / 8), most);
}
