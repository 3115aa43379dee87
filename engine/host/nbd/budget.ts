/**
 * Bytes that clients make the server hold, counted together (E6).
 *
 * @module
 */

/** A count with a limit that is looked at before, not after: one request may overshoot it. */
export class Budget {
  /** Bytes held. */
  used = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** True when whoever holds something already must not begin more. */
  get exhausted(): boolean {
    return this.used >= this.#limit;
  }
}
