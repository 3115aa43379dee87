/**
 * Bitmaps over the blocks of a disk: sparse in memory, fast over runs, copied in no time.
 *
 * Pages are allocated when a bit in them is first set, so that memory follows what is dirty and not
 * the size of the disk. A copy shares all pages until either side changes one: a cut copies bitmaps
 * while a guest waits.
 *
 * @module
 */
// Long because: every walk over the pages of a bitmap, with what a page of words needs.

import { assert } from "../base/assert.ts";

/** Bits in one page of a bitmap: 4 KiB of memory, 128 MiB of a disk of 4 KiB blocks. */
const PAGE_BITS = 32_768;
const PAGE_WORDS = PAGE_BITS / 32;

/** Words that several bitmaps may share; only the owner may change them. */
interface Page {
  readonly words: Uint32Array;
  readonly owner: Owner;
}

/** Who may change a page; a bitmap takes a new one when its pages become shared. */
class Owner {}

/** A run of set bits: `[start, end)`. */
export interface Run {
  /** First bit. */
  readonly start: number;
  /** One past the last bit. */
  readonly end: number;
}

/** A set of block indices below `size`. */
export class Bitmap {
  #size: number;
  #pages = new Map<number, Page>();
  #pagesShared = false;
  #owner = new Owner();
  #count = 0;

  constructor(size: number) {
    assert(Number.isSafeInteger(size) && size >= 0, "A bitmap has a size");
    this.#size = size;
  }

  /** Number of blocks it speaks about. */
  get size(): number {
    return this.#size;
  }

  /** Speaks about `size` blocks from here on, those that are new being clear. */
  grow(size: number): void {
    assert(Number.isSafeInteger(size) && size >= this.#size, "A bitmap grows");
    this.#size = size;
  }

  /** How many bits are set. */
  get count(): number {
    return this.#count;
  }

  /** True when no bit is set. */
  get empty(): boolean {
    return this.#count === 0;
  }

  /** Bytes of memory in use, about, pages shared with copies included. */
  get memory(): number {
    return this.#pages.size * PAGE_WORDS * 4;
  }

  /** Whether `index` is set. */
  has(index: number): boolean {
    const page = this.#pages.get(Math.floor(index / PAGE_BITS))?.words;
    if (page === undefined) return false;
    const bit = index % PAGE_BITS;
    return ((page[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  /** Sets `[start, end)`. */
  set(start: number, end: number = start + 1): void {
    this.#change(start, end, true);
  }

  /** Clears `[start, end)`. */
  clear(start: number, end: number = start + 1): void {
    this.#change(start, end, false);
  }

  /** Clears every bit and gives the memory back. */
  clearAll(): void {
    this.#pages = new Map();
    this.#pagesShared = false;
    this.#count = 0;
  }

  /** The words of page `index`, to be changed here; made, or copied from a shared page, if need be. */
  #ownPage(index: number): Uint32Array {
    const page = this.#pages.get(index);
    if (page?.owner === this.#owner) return page.words;
    const words = page?.words.slice() ?? new Uint32Array(PAGE_WORDS);
    this.#putPage(index, { words, owner: this.#owner });
    return words;
  }

  #putPage(index: number, page: Page): void {
    if (this.#pagesShared) this.#pages = new Map(this.#pages);
    this.#pagesShared = false;
    this.#pages.set(index, page);
  }

  #change(start: number, end: number, value: boolean): void {
    assert(start >= 0 && end <= this.size && start <= end, "A run lies inside the bitmap");
    let at = start;
    while (at < end) {
      const index = Math.floor(at / PAGE_BITS);
      const stop = Math.min(end, (index + 1) * PAGE_BITS);
      if (value || this.#pages.has(index)) {
        const page = this.#ownPage(index);
        this.#count += changePage(page, at % PAGE_BITS, stop - index * PAGE_BITS, value);
      }
      at = stop;
    }
  }

  /** The first set bit at or after `from`, or -1; one at or behind `until` may be missed. */
  next(from: number, until: number = this.size): number {
    if (this.#count === 0) return -1;
    let at = from;
    while (at < until) {
      const index = Math.floor(at / PAGE_BITS);
      const page = this.#pages.get(index)?.words;
      if (page !== undefined) {
        const bit = nextInPage(page, at % PAGE_BITS);
        if (bit >= 0) return index * PAGE_BITS + bit;
      }
      at = (index + 1) * PAGE_BITS;
    }
    return -1;
  }

  /** The first clear bit at or after `from`; `size` when there is none, or none before `until`. */
  nextClear(from: number, until: number = this.size): number {
    let at = from;
    while (at < until) {
      const index = Math.floor(at / PAGE_BITS);
      const page = this.#pages.get(index)?.words;
      if (page === undefined) return at;
      const bit = nextClearInPage(page, at % PAGE_BITS);
      if (bit >= 0) return Math.min(index * PAGE_BITS + bit, this.size);
      at = (index + 1) * PAGE_BITS;
    }
    return this.size;
  }

  /** The run of set bits that starts at or after `from`, of at most `most` bits. */
  nextRun(from: number, most: number = this.size): Run | undefined {
    const start = this.next(from);
    if (start < 0) return undefined;
    // No further than asked: a whole disk that is set is walked run by run.
    const limit = Math.min(this.size, start + Math.max(1, most));
    return { start, end: Math.min(this.nextClear(start + 1, limit), limit) };
  }

  /** All runs in order. The bitmap must not change while they are walked. */
  *runs(): Generator<Run, void, undefined> {
    for (let run = this.nextRun(0); run !== undefined; run = this.nextRun(run.end)) yield run;
  }

  /** True when any bit of `[start, end)` is set. */
  any(start: number, end: number): boolean {
    const next = this.next(start, end);
    return next >= 0 && next < end;
  }

  /** How many bits of `[start, end)` are set. */
  countIn(start: number, end: number): number {
    let count = 0;
    let run = this.nextRun(start);
    while (run !== undefined && run.start < end) {
      count += Math.min(run.end, end) - run.start;
      run = this.nextRun(run.end);
    }
    return count;
  }

  /** How many bits both have. */
  countBoth(other: Bitmap): number {
    let count = 0;
    for (const [index, { words }] of this.#pages) {
      const others = other.#pages.get(index)?.words;
      if (others === undefined) continue;
      for (let word = 0; word < PAGE_WORDS; word++) {
        count += ones(((words[word] ?? 0) & (others[word] ?? 0)) >>> 0);
      }
    }
    return count;
  }

  /** Sets every bit that `other` has. */
  addAll(other: Bitmap): void {
    assert(other.size <= this.size, "Bitmaps of one disk have one size");
    if (this.#count === 0) return this.#share(other);
    for (const [index, { words }] of other.#pages) {
      this.#count += combine(this.#ownPage(index), words, true);
    }
  }

  /** Becomes equal to `other` by sharing its pages. */
  #share(other: Bitmap): void {
    this.#pages = other.#pages;
    this.#count = other.#count;
    this.#pagesShared = other.#pagesShared = true;
    // Nobody owns the pages as they are: whoever changes one copies it first.
    this.#owner = new Owner();
    other.#owner = new Owner();
  }

  /** Clears every bit that `other` has. */
  removeAll(other: Bitmap): void {
    if (this.#count === 0 || other.#count === 0) return;
    for (const [index, { words }] of other.#pages) {
      if (this.#pages.has(index)) this.#count += combine(this.#ownPage(index), words, false);
    }
  }

  /** Bits `32 * word` to `32 * word + 31`, lowest first; bits past the end are clear. */
  word(word: number): number {
    return this.#pages.get(Math.floor(word / PAGE_WORDS))?.words[word % PAGE_WORDS] ?? 0;
  }

  /** Sets the bits of `32 * word` to `32 * word + 31` that `bits` has; those past the end are left out. */
  addWord(word: number, bits: number): void {
    const past = this.size - 32 * word;
    const inside = past >= 32 ? bits : past <= 0 ? 0 : bits & ((1 << past) - 1);
    if (inside === 0) return;
    const page = this.#ownPage(Math.floor(word / PAGE_WORDS));
    const before = page[word % PAGE_WORDS] ?? 0;
    page[word % PAGE_WORDS] = before | inside;
    this.#count += ones((before | inside) >>> 0) - ones(before);
  }

  /** A bitmap of the same size and bits; costs nothing until one of the two changes. */
  copy(): Bitmap {
    const copy = new Bitmap(this.size);
    copy.#share(this);
    return copy;
  }
}

/** Sets or clears bits `[start, end)` of one page; returns by how much the count changed. */
function changePage(page: Uint32Array, start: number, end: number, value: boolean): number {
  let change = 0;
  for (let word = start >>> 5; word << 5 < end; word++) {
    const low = word << 5 < start ? start & 31 : 0;
    const high = (word + 1) << 5 > end ? end & 31 : 32;
    const mask = (high === 32 ? 0xffffffff : (1 << high) - 1) & ~((1 << low) - 1);
    const before = page[word] ?? 0;
    const after = value ? before | mask : before & ~mask;
    page[word] = after;
    change += ones(after >>> 0) - ones(before >>> 0);
  }
  return change;
}

/** The first set bit of a page at or after `from`, or -1. */
function nextInPage(page: Uint32Array, from: number): number {
  let word = from >>> 5;
  let bits = (page[word] ?? 0) & (0xffffffff << (from & 31));
  while (bits === 0) {
    word++;
    if (word >= PAGE_WORDS) return -1;
    bits = page[word] ?? 0;
  }
  return (word << 5) + 31 - Math.clz32(bits & -bits);
}

/** The first clear bit of a page at or after `from`, or -1. */
function nextClearInPage(page: Uint32Array, from: number): number {
  let word = from >>> 5;
  let bits = ~(page[word] ?? 0) & (0xffffffff << (from & 31));
  while (bits === 0) {
    word++;
    if (word >= PAGE_WORDS) return -1;
    bits = ~(page[word] ?? 0);
  }
  return (word << 5) + 31 - Math.clz32(bits & -bits);
}

/** Sets or clears in `page` what `others` has; returns by how much the count changed. */
function combine(page: Uint32Array, others: Uint32Array, value: boolean): number {
  let change = 0;
  for (let word = 0; word < PAGE_WORDS; word++) {
    const bits = others[word] ?? 0;
    if (bits === 0) continue;
    const before = page[word] ?? 0;
    const after = (value ? before | bits : before & ~bits) >>> 0;
    page[word] = after;
    change += ones(after) - ones(before);
  }
  return change;
}

/** Set bits in a 32-bit word. */
function ones(word: number): number {
  let value = word - ((word >>> 1) & 0x55555555);
  value = (value & 0x33333333) + ((value >>> 2) & 0x33333333);
  return Math.imul((value + (value >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
