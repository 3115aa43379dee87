/**
 * Requests handed to the disk that have not returned: what a pass over the live disk must leave
 * marked, and what keeps a zeroing from vouching for zeros.
 *
 * Rule: two guest requests that overlap in time have no order, so blocks that a write touched while
 * a zeroing was in flight may hold either; only undisturbed ones are known to be zero.
 *
 * @module
 */

/** A place in the table of requests in flight. */
export type Flight = number;

/** The table. On the path of every guest write: no allocation once it has grown. */
export class Flights {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #calm: boolean[] = [];
  readonly #isZero: boolean[] = [];
  readonly #free: Flight[] = [];
  #zeros = 0;

  /** A write or zeroing of blocks `[start, end)` is submitted. */
  begin(start: number, end: number, zero: boolean): Flight {
    const flight = this.#free.pop() ?? this.#starts.length;
    this.#calm[flight] = true;
    if (zero || this.#zeros > 0) this.#disturb(flight, start, end, zero);
    this.#starts[flight] = start;
    this.#ends[flight] = end;
    this.#isZero[flight] = zero;
    if (zero) this.#zeros++;
    return flight;
  }

  #disturb(flight: Flight, start: number, end: number, zero: boolean): void {
    for (let other = 0; other < this.#starts.length; other++) {
      if ((this.#starts[other] ?? 0) >= end || (this.#ends[other] ?? 0) <= start) continue;
      if (this.#isZero[other] === zero) continue;
      this.#calm[other] = false;
      this.#calm[flight] = false;
    }
  }

  /** It returned. True when no request of the other kind touched its blocks meanwhile. */
  end(flight: Flight): boolean {
    if (this.#isZero[flight] === true) this.#zeros--;
    this.#starts[flight] = 0;
    this.#ends[flight] = 0;
    this.#isZero[flight] = false;
    this.#free.push(flight);
    return this.#calm[flight] === true;
  }

  /** Tells the blocks of every request in flight. */
  each(callback: (start: number, end: number) => void): void {
    for (let flight = 0; flight < this.#starts.length; flight++) {
      const end = this.#ends[flight] ?? 0;
      if (end > 0) callback(this.#starts[flight] ?? 0, end);
    }
  }
}
