/**
 * When to try again after a failure that may be over by itself (M76).
 *
 * The ladder says when an attempt is made, counted and told of, whatever is known. In between, at most once a cycle, it
 * is looked quietly whether the cause is gone: the link is dialled, and the replica asked whether it would take data.
 * Who finds it gone goes on at once (I47); who does not has cost a greeting.
 *
 * @module
 */

import { MINUTE, SECOND } from "../base/units.ts";

/** Waits after the first failures in a row, µs. */
const LADDER = [1 * MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 10 * MINUTE];
/** The wait after every later one. */
const LADDER_REST = 30 * MINUTE;

/** µs to wait after the `failures`-th failure in a row before the next attempt that counts. */
export function retryDelay(failures: number): number {
  return LADDER[Math.max(failures, 1) - 1] ?? LADDER_REST;
}

/** µs between two looks whether the cause is gone. */
export function lookDelay(frequency: number): number {
  return Math.max(frequency, SECOND);
}
