/**
 * Since when this disk has acknowledged writes that no staged point holds: what the recovery point
 * objective is measured against.
 *
 * Rule: a write belongs to the side of the cut on which it was submitted, whenever it is acknowledged.
 *
 * @module
 */

import type { Clock } from "../ports/clock.ts";

/** Times on the monotonic clock, µs. */
export class UnstagedClock {
  readonly #clock: Pick<Clock, "now">;
  /** First acknowledged write since the last cut. */
  #current: number | undefined;
  /** First acknowledged write of the open delta. */
  #delta: number | undefined;

  /** `dirty`: an earlier process left changes whose age nobody knows; they count from here. */
  constructor(clock: Pick<Clock, "now">, dirty: boolean) {
    this.#clock = clock;
    if (dirty) this.#current = clock.now();
  }

  /** The first acknowledged write that is not staged; `undefined` when there is none. */
  get oldest(): number | undefined {
    if (this.#delta === undefined) return this.#current;
    return this.#current === undefined ? this.#delta : Math.min(this.#delta, this.#current);
  }

  /** A write was acknowledged; `cut`: it was submitted before the newest cut. */
  acknowledged(cut: boolean): void {
    if (cut) this.#delta ??= this.#clock.now();
    else this.#current ??= this.#clock.now();
  }

  /** A cut was made: what was current is the delta's. */
  cut(): void {
    this.#delta = this.oldest;
    this.#current = undefined;
  }

  /** The open delta was staged. */
  staged(): void {
    this.#delta = undefined;
  }
}
