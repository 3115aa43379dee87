/**
 * The playhead: which moment of the run the page shows, and how it moves.
 *
 * Rule: it reads what was recorded and never waits for anybody; where the run is not known yet, it stands still.
 *
 * @module
 */

import { computed, signal } from "@preact/signals";

/** No two pictures are further apart for it, ms: a page that slept for an hour goes on where it was. */
export const STEP_MAX = 100;

/** Positions of the lever of speed. */
export const LEVER_MAX = 100;
/** µs of world time a second at the left, and positions for a tenfold speed. */
const SLOWEST = 1_000_000;
const TENFOLD = 19;
/** At the right a whole drill takes so long, s. */
const FASTEST_TAKES = 10;
/** What a drill takes at the speed that is chosen for it, s. */
const USUAL_TAKES = 40;

/** The moment that is shown, µs. */
export const playhead = signal(0);
/** It moves. */
export const playing = signal(false);
/** The lever of speed, 0 to `LEVER_MAX`. */
export const lever = signal(50);
/** How long the drill is that is played, µs; what the greatest speed depends on. */
export const length = signal(1);

/** µs of world time that a lever stands for each second, for a drill of `length` µs. */
export function speedOf(lever: number, length: number): number {
  return lever >= LEVER_MAX
    ? Math.max(SLOWEST, length / FASTEST_TAKES)
    : SLOWEST * 10 ** (lever / TENFOLD);
}

/** The lever for a drill of that length that nobody chose a speed for. */
export function usualLever(length: number): number {
  const speed = length / USUAL_TAKES / SLOWEST;
  return Math.min(LEVER_MAX - 1, Math.max(0, Math.round(Math.log10(Math.max(1, speed)) * TENFOLD)));
}

/** µs of world time a second. */
export const speed = computed(() => speedOf(lever.value, length.value));

/** Where the playhead is `elapsed` ms later, if the run is known up to `known`. */
export function movedOn(at: number, elapsed: number, speed: number, known: number): number {
  const step = Math.min(Math.max(0, elapsed), STEP_MAX) / 1000 * speed;
  return Math.max(at, Math.min(known, at + Math.round(step)));
}
