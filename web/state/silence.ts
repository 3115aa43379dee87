/**
 * How long a worker says nothing.
 *
 * Rule: only time counts in which the page was looked at and awake. A tab that slept, and its worker with it, has missed nothing.
 *
 * @module
 */

/** A worker that is alive speaks far more often than this, ms. */
export const SILENCE_MAX = 10_000;
/** How often is looked, ms. */
export const LOOK_EVERY = 1000;

/** How long nothing was heard. */
export class Silence {
  #waited = 0;
  #last: number;

  /** It begins to be waited for at `now`, ms. */
  constructor(now: number) {
    this.#last = now;
  }

  /** Something was heard. */
  hear(): void {
    this.#waited = 0;
  }

  /** Time has come to `now`; true where nothing was heard for too long. */
  pass(now: number, isLookedAt: boolean): boolean {
    const elapsed = Math.max(0, now - this.#last);
    this.#last = now;
    // Far more time than between two looks: both slept.
    if (isLookedAt) this.#waited += Math.min(elapsed, 2 * LOOK_EVERY);
    return this.#waited >= SILENCE_MAX;
  }
}
