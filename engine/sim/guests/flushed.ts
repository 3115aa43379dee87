/**
 * Which requests of a guest an answered flush covers: those to the same disk that were acknowledged before
 * it was asked for.
 *
 * @module
 */

import type { Request } from "../oracle/history.ts";

/** What was flushed since the last death of the server under the guest. */
export class Flushed {
  /** By disk: when the newest flush that was answered was asked for, in the oracle's order. */
  readonly #asked = new Map<number, number>();

  /** A flush of a disk, asked for at that instant, was answered. */
  add(disk: number, asked: number): void {
    this.#asked.set(disk, Math.max(asked, this.#asked.get(disk) ?? 0));
  }

  /** Whether a request is covered. */
  has({ disk, acknowledged }: Request): boolean {
    return acknowledged < (this.#asked.get(disk) ?? 0);
  }

  /** Forgets everything: what the disks hold now counts. */
  clear(): void {
    this.#asked.clear();
  }
}
