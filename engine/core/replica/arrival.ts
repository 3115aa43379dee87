/**
 * When the newest point came to a replica, and how old it is at most, whatever the wall clock does meanwhile.
 *
 * The age of a point is what two wall clocks say of its way here, and from then on the monotonic clock: a jump by a day
 * makes no point a day older, nor hides that nothing has come for hours. After a restart the wall clock is all there is.
 *
 * @module
 */

import type { Clock } from "../ports/clock.ts";

/** Remembers the newest arrival of this process. */
export class Arrival {
  readonly #clock: Clock;
  /** Wall time of the newest arrival, µs since 1970. */
  #wall: number | undefined;
  /** The same on the monotonic clock. */
  #at = 0;
  /** From its cut to its arrival by the two wall clocks, µs. */
  #lag = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A point whose cut was at `cutAt` has come; returns µs since the one before, 0 for the first. */
  note(cutAt: number): number {
    const now = this.#clock.now();
    const since = this.#wall === undefined ? 0 : now - this.#at;
    this.#wall = this.#clock.wall();
    this.#at = now;
    this.#lag = Math.max(0, this.#wall - cutAt);
    return since;
  }

  /** Wall time of the newest arrival, µs since 1970; `undefined` before the first of this process. */
  get wall(): number | undefined {
    return this.#wall;
  }

  /** From its cut to its arrival, µs, as far as the two servers' clocks agree. */
  get lag(): number {
    return this.#lag;
  }

  /** µs since the newest point came, whose cut was at `cutAt`: the cut stands in for it before the first. */
  since(cutAt: number): number {
    if (this.#wall === undefined) return Math.max(0, this.#clock.wall() - cutAt);
    return this.#clock.now() - this.#at;
  }

  /** µs since its cut, at most. */
  age(cutAt: number): number {
    return this.#wall === undefined ? this.since(cutAt) : this.#lag + this.since(cutAt);
  }
}
