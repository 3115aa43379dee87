/**
 * Bandwidth limits for data frames.
 *
 * Rule (I42): in any window of W seconds at most rate × W + burst bytes pass, or rate × W and one frame that is larger
 * than the burst: it passes whole once the bucket is full, and is paid for afterwards. Integers only. A limit may change at
 * any time: what waits then waits by the new one.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { FRAME_PAYLOAD_MAX } from "../base/limits.ts";
import { SECOND } from "../base/units.ts";
import type { Clock } from "../ports/clock.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Run } from "../runtime/loop.ts";
import { ended } from "../runtime/scope.ts";
import type { Task } from "../runtime/task.ts";
import { currentLoop } from "../runtime/together.ts";
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
  #rate: number;
  #burst: number;
  readonly #clock: Pick<Clock, "now" | "sleep">;
  readonly #line = new Mutex();
  /** In millionths of a byte, so that rate × µs is exact; below zero behind a frame above the burst. */
  #level: number;
  #filledAt: number;
  /** The wait of whoever is first in line. */
  #resting: Run<void> | undefined;

  /** A full bucket. */
  constructor(clock: Pick<Clock, "now" | "sleep">, rate: number, burst: number = BURST_USUAL) {
    assert(Number.isSafeInteger(rate) && rate > 0, "A rate is a whole number of bytes a second");
    assert(Number.isSafeInteger(burst) && burst > 0, "A burst is a whole number of bytes");
    this.#rate = rate;
    this.#burst = burst;
    this.#clock = clock;
    this.#level = burst * SECOND;
    this.#filledAt = clock.now();
  }

  /** Bytes a second. */
  get rate(): number {
    return this.#rate;
  }

  /** Bytes that may pass at once after a rest. */
  get burst(): number {
    return this.#burst;
  }

  /** Another limit from now on; what passed under the one before is not forgotten. */
  limit(rate: number, burst: number = BURST_USUAL): void {
    assert(Number.isSafeInteger(rate) && rate > 0, "A rate is a whole number of bytes a second");
    assert(Number.isSafeInteger(burst) && burst > 0, "A burst is a whole number of bytes");
    this.#fill();
    this.#rate = rate;
    this.#burst = burst;
    this.#level = Math.min(this.#level, burst * SECOND);
    this.#resting?.interrupt();
  }

  /** Waits until the bucket holds `bytes`, or is full, and takes them. The wait can be cancelled. */
  *take(bytes: number): Task<void> {
    yield* this.#line.lock();
    try {
      this.#fill();
      for (;;) {
        const missing = Math.min(bytes, this.#burst) * SECOND - this.#level;
        if (missing <= 0) break;
        yield* this.#rest(Math.ceil(missing / this.#rate));
        this.#fill();
      }
      this.#level -= bytes * SECOND;
    } finally {
      this.#line.unlock();
    }
  }

  /** Waits for `micros`, or until the limit is another one. */
  *#rest(micros: number): Task<void> {
    const loop = yield* currentLoop();
    const rest = loop.start("bandwidth", this.#clock.sleep(micros));
    this.#resting = rest;
    try {
      yield* ended(rest);
    } finally {
      this.#resting = undefined;
      rest.interrupt();
    }
  }

  #fill(): void {
    const now = this.#clock.now();
    const elapsed = now - this.#filledAt;
    this.#filledAt = now;
    const full = this.#burst * SECOND;
    // Compared as a time first: the product of a long rest and a high rate is not exact.
    if (elapsed >= Math.ceil((full - this.#level) / this.#rate)) this.#level = full;
    else this.#level += elapsed * this.#rate;
  }
}

/** A limit that may come, change and go while frames pass: none where the rate is 0. */
export class ChangingThrottle implements Throttle {
  readonly #clock: Pick<Clock, "now" | "sleep">;
  #bucket: TokenBucket | undefined;
  #limited: boolean;

  /** `rate` in bytes a second; 0 for no limit. */
  constructor(clock: Pick<Clock, "now" | "sleep">, rate: number) {
    this.#clock = clock;
    this.#limited = rate > 0;
    if (rate > 0) this.#bucket = new TokenBucket(clock, rate, burstOf(rate));
  }

  /** Another limit from now on, also for who waits. 0: none. */
  limit(rate: number): void {
    this.#limited = rate > 0;
    // Who waits in the bucket is let go; the bucket keeps what it knows for when a limit comes again.
    if (this.#bucket !== undefined) {
      this.#bucket.limit(rate || UNLIMITED, burstOf(rate || UNLIMITED));
    } else if (rate > 0) this.#bucket = new TokenBucket(this.#clock, rate, burstOf(rate));
  }

  /** Returns when `bytes` more may be sent. */
  *take(bytes: number): Task<void> {
    if (this.#limited && this.#bucket !== undefined) yield* this.#bucket.take(bytes);
  }
}

/** Bytes a second of a bucket that holds nobody up. */
const UNLIMITED = 1_000_000_000;

/** A tenth of a second may pass at once. */
function burstOf(rate: number): number {
  return Math.ceil(rate / 10);
}
