/**
 * Bandwidth limits for data frames.
 *
 * Rule (I42): in any window of W seconds at most rate × W + burst bytes pass, or rate × W and one frame that is larger
 * than the burst: it passes whole once the bucket is full, and is paid for afterwards. Integers only.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { FRAME_PAYLOAD_MAX } from "../base/limits.ts";
import { SECOND } from "../base/units.ts";
import type { Clock } from "../ports/clock.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Task } from "../runtime/task.ts";
import { FRAME_HEADER_SIZE } from "./frame.ts";

/** Limits the bandwidth of data frames. */
export interface Throttle {
  /** Returns when `bytes` more may be sent; first come, first served. */
  take(bytes: number): Task<void>;
}

/** The burst when none is chosen: the largest frame. */
export const BURST_USUAL = FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX;

/** A bucket that fills at `rate` bytes a second up to `burst` bytes. Several senders may share it. */
export class TokenBucket implements Throttle {
  /** Bytes a second. */
  readonly rate: number;
  /** Bytes that may pass at once after a rest. */
  readonly burst: number;
  readonly #clock: Pick<Clock, "now" | "sleep">;
  readonly #line = new Mutex();
  /** In millionths of a byte, so that rate × µs is exact; below zero behind a frame above the burst. */
  #level: number;
  #filledAt: number;

  /** A full bucket. */
  constructor(clock: Pick<Clock, "now" | "sleep">, rate: number, burst: number = BURST_USUAL) {
    assert(Number.isSafeInteger(rate) && rate > 0, "A rate is a whole number of bytes a second");
    assert(Number.isSafeInteger(burst) && burst > 0, "A burst is a whole number of bytes");
    this.rate = rate;
    this.burst = burst;
    this.#clock = clock;
    this.#level = this.burst * SECOND;
    this.#filledAt = clock.now();
  }

  /** Waits until the bucket holds `bytes`, or is full, and takes them. The wait can be cancelled. */
  *take(bytes: number): Task<void> {
    yield* this.#line.lock();
    try {
      const needed = Math.min(bytes, this.burst) * SECOND;
      this.#fill();
      while (this.#level < needed) {
        yield* this.#clock.sleep(Math.ceil((needed - this.#level) / this.rate));
        this.#fill();
      }
      this.#level -= bytes * SECOND;
    } finally {
      this.#line.unlock();
    }
  }

  #fill(): void {
    const now = this.#clock.now();
    const elapsed = now - this.#filledAt;
    this.#filledAt = now;
    const full = this.burst * SECOND;
    // Compared as a time first: the product of a long rest and a high rate is not exact.
    if (elapsed >= Math.ceil((full - this.#level) / this.rate)) this.#level = full;
    else this.#level += elapsed * this.rate;
  }
}
