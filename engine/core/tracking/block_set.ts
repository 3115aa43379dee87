/**
 * A set of changed blocks, with what is known of each: plain changed, reads as zeros, or only
 * suspected of a change.
 *
 * Rule: `zero` and `suspected` are subsets of `all` and have no block in common. It does not know
 * why blocks are in it.
 *
 * @module
 */

import { Bitmap } from "../block/bitmap.ts";

/** Blocks and their kinds. */
export class BlockSet {
  /** Every block in the set. */
  readonly all: Bitmap;
  /** Those that read as zeros. */
  readonly zero: Bitmap;
  /** Those that may be unchanged. */
  readonly suspected: Bitmap;

  constructor(size: number) {
    this.all = new Bitmap(size);
    this.zero = new Bitmap(size);
    this.suspected = new Bitmap(size);
  }

  /** Number of blocks of the disk. */
  get size(): number {
    return this.all.size;
  }

  /** The disk has `size` blocks from here on; those that are new are not inside. */
  grow(size: number): void {
    for (const blocks of [this.all, this.zero, this.suspected]) blocks.grow(size);
  }

  /** Puts blocks in as changed, whatever they were. On the path of every guest write. */
  addChanged(start: number, end: number): void {
    // Most writes go to a block that is in already: asking is cheaper than changing.
    if (end - start > 1 || !this.all.has(start)) this.all.set(start, end);
    if (!this.zero.empty) this.zero.clear(start, end);
    if (!this.suspected.empty) this.suspected.clear(start, end);
  }

  /** Puts blocks in as changed and reading as zeros, whatever they were. */
  addZero(start: number, end: number): void {
    this.addChanged(start, end);
    this.zero.set(start, end);
  }

  /** Puts blocks in as suspected; those already inside stay what they are. */
  addSuspected(start: number, end: number): void {
    let at = start;
    while (at < end) {
      const run = this.all.nextRun(at);
      const stop = run === undefined ? end : Math.min(run.start, end);
      this.all.set(at, stop);
      this.suspected.set(at, stop);
      at = run === undefined ? end : run.end;
    }
  }

  /** Takes blocks out. */
  remove(start: number, end: number): void {
    this.all.clear(start, end);
    if (!this.zero.empty) this.zero.clear(start, end);
    if (!this.suspected.empty) this.suspected.clear(start, end);
  }

  /** Puts in what happened after this set was made: newer knowledge of a block wins. */
  absorb(newer: BlockSet): void {
    const doubtful = newer.suspected.copy();
    if (!doubtful.empty) {
      // What was surely changed before stays so, however doubtful the later news is.
      const sure = this.all.copy();
      sure.removeAll(this.suspected);
      doubtful.removeAll(sure);
    }
    this.zero.removeAll(newer.all);
    this.suspected.removeAll(newer.all);
    this.all.addAll(newer.all);
    this.zero.addAll(newer.zero);
    this.suspected.addAll(doubtful);
  }

  /** Empties the set. */
  clear(): void {
    this.all.clearAll();
    this.zero.clearAll();
    this.suspected.clearAll();
  }

  /** A set of the same blocks and kinds. */
  copy(): BlockSet {
    const copy = new BlockSet(this.size);
    copy.absorb(this);
    return copy;
  }

  /** Takes zero marks back, where nobody can vouch for them. */
  distrustZeros(): void {
    this.zero.clearAll();
  }
}
