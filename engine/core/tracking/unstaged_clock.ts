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
  /** When this began: what nobody knows the age of counts from here. */
  readonly #began: number;
  /** First acknowledged write since the last cut. */
  #current: number | undefined;
  /** First acknowledged write of the open delta. */
  #delta: number | undefined;
  /** First acknowledged write of a point that is on its way on media: no replica has it. */
  #carried: number | undefined;

  /** `dirty`: an earlier process left changes whose age nobody knows; they count from here. */
  constructor(clock: Pick<Clock, "now">, dirty: boolean) {
    this.#clock = clock;
    this.#began = clock.now();
    if (dirty) this.#current = this.#began;
  }

  /** The first acknowledged write that is not staged; `undefined` when there is none. */
  get oldest(): number | undefined {
    return earlier(this.#carried, earlier(this.#delta, this.#current));
  }

  /** A write was acknowledged; `cut`: it was submitted before the newest cut. */
  acknowledged(cut: boolean): void {
    if (cut) this.#delta ??= this.#clock.now();
    else this.#current ??= this.#clock.now();
  }

  /** A cut was made: what was current is the delta's. */
  cut(): void {
    this.#delta = earlier(this.#delta, this.#current);
    this.#current = undefined;
  }

  /** The open delta was staged, and with it whatever came before. */
  staged(): void {
    this.#delta = undefined;
    this.#carried = undefined;
  }

  /** The open delta is in a package: it counts on until a replica holds it, or a point from behind it. */
  exported(): void {
    this.#carried = earlier(this.#carried, this.#delta);
    this.#delta = undefined;
  }

  /** The replica holds what was on its way. */
  arrived(): void {
    this.#carried = undefined;
  }

  /** The replica's newest point is another one than was believed: whatever there was since this began may be missing. */
  doubted(): void {
    this.#current = this.#began;
  }
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}
