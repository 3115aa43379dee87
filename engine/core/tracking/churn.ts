/**
 * How much of a disk is written in how much time: distinct blocks in windows of several lengths, for the
 * forecast of what a replica's points will take.
 *
 * A block that is written a hundred times between two points takes its place in their undo once. So what
 * counts are distinct blocks, and they depend on how long one looks: each window counts its own. Windows
 * are whole multiples of each other and begin together, so that a block that the shortest has seen has been
 * seen by all.
 *
 * Rule: bounded memory (five times 1024 numbers a disk, whatever is written), and next to nothing on the
 * way of a write: a hash and a comparison for each of its blocks. It starts with its process.
 *
 * @module
 */

import { DAY, HOUR, MINUTE, SECOND } from "../base/units.ts";
import type { Clock } from "../ports/clock.ts";

/** The windows, µs. */
const WINDOWS: readonly number[] = [10 * SECOND, 2 * MINUTE, 20 * MINUTE, 2 * HOUR, DAY];
/** Hashes that a window remembers before it takes only half of all: a count is right to some 3 %. */
const SAMPLES_MAX = 1024;
/** One more than the largest hash. */
const HASHES = 0x1_0000_0000;
/** The unit of counting, bytes. */
const UNIT = 4096;

/** Bytes of distinct blocks that are written in `span` µs, on average. */
export interface Churn {
  readonly span: number;
  readonly bytes: number;
}

/** Measures one disk. */
export class ChurnMeter {
  readonly #clock: Clock;
  readonly #begun: number;
  readonly #windows: readonly Window[];
  /** When the shortest window ends. */
  #due: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#begun = clock.now();
    this.#windows = WINDOWS.map((span) => new Window(span, this.#begun));
    this.#due = this.#begun + (WINDOWS[0] as number);
  }

  /** `length` bytes at `at` are about to be written. */
  note(at: number, length: number): void {
    const now = this.#clock.now();
    if (now >= this.#due) this.#roll(now);
    const shortest = this.#windows[0] as Window;
    const end = Math.ceil((at + length) / UNIT);
    for (let unit = Math.floor(at / UNIT); unit < end; unit++) {
      const hash = mixed(unit);
      if (!shortest.add(hash)) continue;
      for (let place = 1; place < WINDOWS.length; place++) this.#windows[place]?.add(hash);
    }
  }

  /** For how long it has measured, µs. */
  get measured(): number {
    return this.#clock.now() - this.#begun;
  }

  /** What was measured, by growing span: whole windows, and the part of the next longer one that has passed. */
  churn(): Churn[] {
    const now = this.#clock.now();
    this.#roll(now);
    const found: Churn[] = [];
    for (const window of this.#windows) {
      if (window.ended > 0) {
        found.push({ span: window.span, bytes: Math.ceil((window.sum * UNIT) / window.ended) });
        continue;
      }
      const span = now - window.begun;
      const longest = found[found.length - 1];
      if (span > (longest?.span ?? 0)) {
        found.push({ span, bytes: Math.max(window.count * UNIT, longest?.bytes ?? 0) });
      }
      break;
    }
    return found;
  }

  #roll(now: number): void {
    for (const window of this.#windows) window.roll(now);
    this.#due = (this.#windows[0] as Window).begun + (WINDOWS[0] as number);
  }
}

/** Distinct hashes in the window that is open, and what those before it had. */
class Window {
  readonly span: number;
  begun: number;
  /** Windows that have ended, those without a write as well, and the sum of their counts. */
  ended = 0;
  sum = 0;
  /** Hashes below the bound, which is halved when there are too many. */
  readonly #seen = new HashSet();
  /** For how many hashes one that is remembered stands. */
  #each = 1;
  #bound = HASHES;

  constructor(span: number, begun: number) {
    this.span = span;
    this.begun = begun;
  }

  /** About how many distinct ones there were. */
  get count(): number {
    return this.#seen.size * this.#each;
  }

  /** False for a hash that it has seen, or does not look at, nor does a longer window. */
  add(hash: number): boolean {
    if (hash >= this.#bound || !this.#seen.add(hash)) return false;
    while (this.#seen.size > SAMPLES_MAX) {
      this.#bound /= 2;
      this.#each *= 2;
      this.#seen.keepBelow(this.#bound);
    }
    return true;
  }

  roll(now: number): void {
    const passed = Math.floor((now - this.begun) / this.span);
    if (passed < 1) return;
    this.sum += this.count;
    this.ended += passed;
    this.begun += passed * this.span;
    this.#seen.clear();
    this.#each = 1;
    this.#bound = HASHES;
  }
}

/** Slots of the first table of a set; most disks need no other. */
const SLOTS_MIN = 64;

/**
 * A set of hashes, found by their lowest bits. Written by hand because a language's own set takes every second one
 * of these numbers for a fraction, and hashes it again by a slow way, twice for each write of a guest.
 */
class HashSet {
  /** By slot one more than the hash there, which fits a double; 0 where there is none. At most half are taken. */
  #slots = new Float64Array(SLOTS_MIN);
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Puts one in; false for one that is in. */
  add(hash: number): boolean {
    const slot = this.#slotOf(hash);
    if (this.#slots[slot] !== 0) return false;
    this.#slots[slot] = hash + 1;
    this.#size++;
    if (2 * this.#size > this.#slots.length) this.#refill(2 * this.#slots.length, HASHES);
    return true;
  }

  /** Where it is, or would be. */
  #slotOf(hash: number): number {
    const last = this.#slots.length - 1;
    let slot = hash & last;
    while (this.#slots[slot] !== 0 && this.#slots[slot] !== hash + 1) slot = (slot + 1) & last;
    return slot;
  }

  /** Takes all out from `bound` on. */
  keepBelow(bound: number): void {
    this.#refill(this.#slots.length, bound);
  }

  #refill(length: number, bound: number): void {
    const before = this.#slots;
    this.#slots = new Float64Array(length);
    this.#size = 0;
    for (const kept of before) {
      if (kept === 0 || kept > bound) continue;
      this.#slots[this.#slotOf(kept - 1)] = kept;
      this.#size++;
    }
  }

  /** Takes all out. */
  clear(): void {
    this.#slots.fill(0);
    this.#size = 0;
  }
}

/** A number below 2^32 that looks like chance, the same for the same unit. */
function mixed(unit: number): number {
  let hash = Math.imul((unit & 0xffffffff) ^ Math.floor(unit / HASHES), 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
