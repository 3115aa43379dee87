/**
 * Pages that are kept suspected on disk because the activity log is too small for what the guest
 * writes to: where each miss would cost a durable record, and soon an eviction, a whole page is marked
 * once for all writes of a cycle (T8).
 *
 * Rules: blocks of a page may be written by its cover only after a page that says of each of them
 * "changed" or "suspected" is durable (T1), and every later write of that page says so until the
 * cover is taken away. It is taken away after a delta was staged, where nobody wrote by it since the one
 * before. What is known in memory stays exact: a cover matters after a crash alone. It does no I/O.
 *
 * @module
 */

import { Bitmap } from "../block/bitmap.ts";
import { type HrlLayout, PAGE_BLOCKS } from "./hrl_layout.ts";
import type { PageBits } from "./hrl_page.ts";

/** Words of each bit in one page. */
const PAGE_WORDS = PAGE_BLOCKS / 32;
/** Returns that are no sign of a small log, at least. */
const RETURNS_MIN = 4;

/** The covered pages of one log. */
export class PageCover {
  readonly #returnsMax: number;
  /** Asked for. */
  readonly #wanted: Bitmap;
  /** Every write of them says that all is suspected. */
  readonly #said: Bitmap;
  /** That is durable: blocks may be written by it. */
  readonly #durable: Bitmap;
  /** Written by since a delta was staged. */
  readonly #used: Bitmap;
  /** Regions that left the log since a delta was staged. */
  readonly #evicted: Bitmap;
  /** How often the log was asked for one of them again. */
  #returns = 0;

  constructor({ pages, regions, slots }: HrlLayout) {
    this.#wanted = new Bitmap(pages);
    this.#said = new Bitmap(pages);
    this.#durable = new Bitmap(pages);
    this.#used = new Bitmap(pages);
    this.#evicted = new Bitmap(regions);
    this.#returnsMax = Math.max(RETURNS_MIN, slots >> 3);
  }

  /** The disk has become larger. */
  grow({ pages, regions }: HrlLayout): void {
    for (const set of [this.#wanted, this.#said, this.#durable, this.#used]) set.grow(pages);
    this.#evicted.grow(regions);
  }

  /** Whether blocks `[start, end)` may be written without their regions being hot. */
  holds(start: number, end: number): boolean {
    if (this.#durable.empty) return false;
    const last = lastPage(end);
    return this.#durable.nextClear(firstPage(start)) > last;
  }

  /** Blocks `[start, end)` are about to be written by their cover. On the path of such writes. */
  use(start: number, end: number): void {
    const past = lastPage(end) + 1;
    if (this.#used.nextClear(firstPage(start)) < past) this.#used.set(firstPage(start), past);
  }

  /** `region` has left the log. */
  evicted(region: number): void {
    this.#evicted.set(region);
  }

  /**
   * The log is asked for `region`: whether a cover is better. It is for a region that the log had to
   * give up before, once that happens too often: every region costs at most two flushes then.
   */
  returned(region: number): boolean {
    if (!this.#evicted.has(region)) return false;
    this.#returns++;
    return this.#returns > this.#returnsMax;
  }

  /** Asks for a cover of blocks `[start, end)`. */
  want(start: number, end: number): void {
    this.#wanted.set(firstPage(start), lastPage(end) + 1);
  }

  /** Whether a page is asked for; with a range of blocks, whether one of theirs is. */
  wants(start = 0, end = this.#wanted.size * PAGE_BLOCKS): boolean {
    return !this.#wanted.empty && this.#wanted.any(firstPage(start), lastPage(end) + 1);
  }

  /** Nothing is asked for any more: it cannot be had. */
  refuse(): void {
    this.#wanted.clearAll();
  }

  /** The pages asked for, which say from here on that all is suspected; to be written, durably. */
  say(): Bitmap {
    const pages = this.#wanted.copy();
    this.#said.addAll(pages);
    return pages;
  }

  /** `pages` of `say` are durable. */
  commit(pages: Bitmap): void {
    this.#durable.addAll(pages);
    this.#used.addAll(pages);
    this.#wanted.removeAll(pages);
  }

  /** A delta was staged: takes covers away that nobody used since the last time, and tells which. */
  age(): Bitmap {
    const quiet = this.#durable.copy();
    quiet.removeAll(this.#used);
    this.#durable.removeAll(quiet);
    this.#said.removeAll(quiet);
    this.#used.clearAll();
    this.#evicted.clearAll();
    // While one is in use the log is known to be too small: the next region needs no proof of it.
    if (this.#durable.empty) this.#returns = 0;
    return quiet;
  }

  /** Takes every cover away. */
  clear(): void {
    for (const pages of [this.#wanted, this.#said, this.#durable, this.#used]) pages.clearAll();
  }

  /** `bits` as pages must say them. */
  over(bits: PageBits): PageBits {
    const said = this.#said;
    return {
      first: (word) => bits.first(word),
      second: (word) => {
        const second = bits.second(word);
        if (said.empty || !said.has(Math.floor(word / PAGE_WORDS))) return second;
        return (second | ~bits.first(word)) >>> 0;
      },
    };
  }
}

function firstPage(start: number): number {
  return Math.floor(start / PAGE_BLOCKS);
}

function lastPage(end: number): number {
  return Math.floor((end - 1) / PAGE_BLOCKS);
}
