/**
 * When to try again after a failure.
 *
 * @module
 */

import { SECOND } from "../base/units.ts";

/**
 * µs to wait after the `failures`-th failure in a row: 1 s, doubling, never longer than one cycle, so
 * that a healed link is found within a cycle (I47).
 */
export function retryDelay(failures: number, frequency: number): number {
  const doubled = SECOND * (1 << Math.min(Math.max(failures - 1, 0), 12));
  return Math.min(doubled, Math.max(frequency, SECOND));
}
