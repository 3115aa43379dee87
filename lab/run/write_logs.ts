/**
 * Keeps what every guest was told is done, and on which branch: the one account from which losses are reckoned.
 *
 * @module
 */

import type { WriteLog } from "./recording.ts";

/** A row of numbers that grows. */
class Growing {
  #values = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  at(index: number): number {
    return this.#values[index] as number;
  }

  get whole(): Float64Array {
    return this.#values.slice(0, this.length);
  }
}

/** One machine's. */
export class MachineWrites {
  readonly #times = new Growing();
  readonly #bytes = new Growing();
  readonly #branch = new Growing();
  readonly #branches: { at: number; site: string; from: string }[] = [];

  constructor(site: string) {
    this.#branches.push({ at: 0, site, from: "" });
  }

  /** Acknowledged writes so far. */
  get count(): number {
    return this.#times.length;
  }

  /** A guest begins on a point at a site. */
  begin(at: number, site: string, from: string): void {
    // What a log can tell apart; a machine that moved more often stays on its last branch.
    if (this.#branches.length < 255) this.#branches.push({ at, site, from });
  }

  /** A guest at `site` was told that `bytes` are written. */
  wrote(at: number, site: string, bytes: number): void {
    let branch = this.#branches.length - 1;
    while (branch > 0 && this.#branches[branch]?.site !== site) branch--;
    this.#times.push(at);
    this.#bytes.push(bytes);
    this.#branch.push(branch);
  }

  /** When the first write behind the first `count` on the newest branch at `site` was acknowledged; `undefined` for none. */
  firstBehind(count: number, site: string): number | undefined {
    for (let at = count; at < this.#times.length; at++) {
      if (this.#branches[this.#branch.at(at)]?.site === site) return this.#times.at(at);
    }
    return undefined;
  }

  /** All of it; each entry stands for so many writes. */
  log(vm: string, each: number): WriteLog {
    return {
      vm,
      each,
      times: this.#times.whole,
      bytes: this.#bytes.whole,
      branch: Uint8Array.from(this.#branch.whole),
      branches: [...this.#branches],
    };
  }
}
