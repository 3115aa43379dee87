/**
 * When bytes changed last: every change has a number, and every stretch of bytes the number of its last
 * one, so that a checker looks again only at what may be different.
 *
 * @module
 */

/** Bytes that share the number of their last change: no block is smaller, so a write makes nobody look at another one. */
const STRETCH = 512;
/** Stretches that share one of the coarse numbers, by which most questions are answered. */
const GROUP = 8;

/** Numbers of the changes of one row of bytes. Kept by stretch from the first question on. */
export class ChangeNumbers {
  #newest = 0;
  #last: Int32Array | undefined;
  /** The highest of each group of stretches. */
  #groups = new Int32Array(0);

  /** Bytes in `[at, at + length)` have changed. */
  note(at: number, length: number): void {
    this.#newest++;
    if (this.#last === undefined) return;
    const end = Math.ceil((at + length) / STRETCH);
    for (let stretch = Math.floor(at / STRETCH); stretch < end; stretch++) {
      this.#last[stretch] = this.#newest;
      this.#groups[Math.floor(stretch / GROUP)] = this.#newest;
    }
  }

  /** Everything may have changed, the length too. */
  noteAll(): void {
    this.#newest++;
    this.#last = undefined;
  }

  /** The last change of some of the bytes in `[at, at + length)`, of `total` bytes altogether. */
  last(at: number, length: number, total: number): number {
    const stretches = Math.ceil(total / STRETCH);
    if (this.#last?.length !== stretches) {
      this.#last = new Int32Array(stretches).fill(this.#newest);
      this.#groups = new Int32Array(Math.ceil(stretches / GROUP)).fill(this.#newest);
    }
    const numbers = this.#last;
    const first = Math.floor(at / STRETCH);
    const end = Math.min(stretches, Math.ceil((at + length) / STRETCH));
    if (first % GROUP === 0 && end - first === GROUP) return this.#groups[first / GROUP] as number;
    let last = 0;
    for (let stretch = first; stretch < end; stretch++) {
      const number = numbers[stretch] as number;
      if (number > last) last = number;
    }
    return last;
  }
}
