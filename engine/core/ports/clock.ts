/**
 * Time, as the engine sees it: integer microseconds.
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";

/** Two clocks: one that never jumps, and one that people read. */
export interface Clock {
  /** Microseconds since some instant of this process's life; never goes back, never jumps. */
  now(): number;
  /** Microseconds since 1970-01-01 UTC as this host believes; may jump. For people only (I26). */
  wall(): number;
  /**
   * µs that this host's local time is ahead of UTC at the instant `wall`, µs since 1970; west of Greenwich
   * it is negative. Changes where summer time begins and ends. For schedules that people think of in local
   * time (`relationship/local_time.ts`).
   */
  localOffset(wall: number): number;
  /** Returns after at least `micros` of `now`. Can be cancelled. */
  sleep(micros: number): Task<void>;
}

/** Randomness for identities. */
export interface Entropy {
  /** `length` random bytes, owned by the caller. */
  bytes(length: number): Uint8Array;
}
