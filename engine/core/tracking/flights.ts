/**
 * Requests handed to the disk that have not returned: what a pass over the live disk must leave
 * marked, and what keeps a zeroing from vouching for zeros.
 *
 * Rule: two guest requests that overlap in time have no order, so blocks that a write touched while
 * a zeroing was in flight may hold either; only undisturbed ones are known to be zero.
 *
 * @module
 */

/** A request for blocks `[start, end)`; its own entry in the list of those in flight. */
export class Flight {
  readonly start: number;
  readonly end: number;
  /** A zeroing; otherwise a write. */
  readonly zero: boolean;
  /** No request of the other kind has touched its blocks while it was in flight. */
  calm = true;
  /** Neighbours in the list, for `Flights` alone. */
  before: Flight | undefined = undefined;
  behind: Flight | undefined = undefined;

  constructor(start: number, end: number, zero: boolean) {
    this.start = start;
    this.end = end;
    this.zero = zero;
  }
}

/** The list. On the path of every guest write: it allocates nothing and moves nothing. */
export class Flights {
  #newest: Flight | undefined;
  #zeros = 0;

  /** A request is submitted. */
  begin(flight: Flight): void {
    if (flight.zero || this.#zeros > 0) this.#disturb(flight);
    if (flight.zero) this.#zeros++;
    const newest = this.#newest;
    flight.behind = newest;
    if (newest !== undefined) newest.before = flight;
    this.#newest = flight;
  }

  #disturb(flight: Flight): void {
    for (let other = this.#newest; other !== undefined; other = other.behind) {
      if (other.start >= flight.end || other.end <= flight.start) continue;
      if (other.zero === flight.zero) continue;
      other.calm = false;
      flight.calm = false;
    }
  }

  /** It returned. */
  end(flight: Flight): void {
    if (flight.zero) this.#zeros--;
    const { before, behind } = flight;
    if (before === undefined) this.#newest = behind;
    else before.behind = behind;
    if (behind !== undefined) behind.before = before;
    flight.before = undefined;
    flight.behind = undefined;
  }

  /** Tells the blocks of every request in flight. */
  each(callback: (start: number, end: number) => void): void {
    for (let flight = this.#newest; flight !== undefined; flight = flight.behind) {
      callback(flight.start, flight.end);
    }
  }
}
