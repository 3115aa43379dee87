/**
 * The records of one delta as they arrived, in memory, and their final extents: sorted, without
 * overlap, the later record of a block winning (R2).
 *
 * Rule: 40 bytes of memory a record, bounded by `DELTA_RECORDS_MAX`. It does not know files.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { localFailure } from "../base/failure.ts";
import type { ExtentKind } from "../wire/extent.ts";
import { DELTA_RECORDS_MAX } from "./bounds.ts";
import type { IndexEntry } from "./extent_index.ts";

const KINDS: readonly ExtentKind[] = ["zero", "raw", "zstd"];
/** `at`, `offset` of the payload. */
const WIDE = 2;
/** `length`, `stored`, `disk` and `kind`. */
const NARROW = 3;

/** One record, as `DeltaRecords` keeps it. */
export interface DeltaRecord {
  readonly disk: number;
  readonly at: number;
  readonly length: number;
  readonly kind: ExtentKind;
  /** Where the payload begins in the file. */
  readonly offset: number;
  /** Bytes of payload. */
  readonly stored: number;
  readonly checksum: bigint;
}

/** Records in the order of arrival. */
export class DeltaRecords {
  readonly #blockSize: number;
  #count = 0;
  #wide = new Float64Array(WIDE * 64);
  #narrow = new Uint32Array(NARROW * 64);
  #sums = new BigUint64Array(64);

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
  }

  /** Records held. */
  get count(): number {
    return this.#count;
  }

  /** Throws `no-space` when no record more fits. */
  checkRoom(): void {
    if (this.#count < DELTA_RECORDS_MAX) return;
    throw localFailure(
      "no-space",
      `A delta holds at most ${DELTA_RECORDS_MAX} records`,
      "Replicate more often, or resynchronize",
    );
  }

  /** Adds the next record. */
  push(record: DeltaRecord): void {
    assert(this.#count < DELTA_RECORDS_MAX, "A delta has room for the record");
    if (this.#count === this.#sums.length) this.#grow();
    const at = this.#count++;
    this.#wide[WIDE * at] = record.at;
    this.#wide[WIDE * at + 1] = record.offset;
    this.#narrow[NARROW * at] = record.length;
    this.#narrow[NARROW * at + 1] = record.stored;
    this.#narrow[NARROW * at + 2] = record.disk * 256 + KINDS.indexOf(record.kind);
    this.#sums[at] = record.checksum;
  }

  /** Forgets all but the first `count`. */
  rewind(count: number): void {
    this.#count = count;
  }

  #grow(): void {
    const size = 2 * this.#sums.length;
    const wide = new Float64Array(WIDE * size);
    const narrow = new Uint32Array(NARROW * size);
    const sums = new BigUint64Array(size);
    wide.set(this.#wide);
    narrow.set(this.#narrow);
    sums.set(this.#sums);
    this.#wide = wide;
    this.#narrow = narrow;
    this.#sums = sums;
  }

  /** The final extents in order. Records must not be added while they are walked. */
  *finalExtents(): Generator<IndexEntry, void, undefined> {
    const order = this.#sorted();
    // Records that reach over the place where the walk stands; the latest of them wins.
    const open = new LatestFirst();
    let next = 0;
    let disk = 0;
    let place = 0;
    while (next < order.length || open.size > 0) {
      while (next < order.length) {
        const record = order[next] as number;
        if (this.#disk(record) !== disk || this.#at(record) > place) break;
        open.push(record);
        next++;
      }
      while (open.size > 0 && this.#end(open.top) <= place) open.pop();
      if (open.size === 0) {
        if (next === order.length) return;
        const first = order[next] as number;
        disk = this.#disk(first);
        place = this.#at(first);
        continue;
      }
      const winner = open.top;
      const end = this.#winsUntil(winner, order, next, disk);
      yield this.#piece(winner, place, end);
      place = end;
    }
  }

  /** Where `winner` ends or a later record of its disk begins. */
  #winsUntil(winner: number, order: Float64Array, next: number, disk: number): number {
    const end = this.#end(winner);
    for (let at = next; at < order.length; at++) {
      const record = order[at] as number;
      if (this.#disk(record) !== disk || this.#at(record) >= end) break;
      if (record > winner) return this.#at(record);
    }
    return end;
  }

  #piece(record: number, at: number, end: number): IndexEntry {
    const whole = this.#narrow[NARROW * record] as number;
    const stored = this.#narrow[NARROW * record + 1] as number;
    const kind = KINDS[(this.#narrow[NARROW * record + 2] as number) % 256] as ExtentKind;
    const offset = this.#wide[WIDE * record + 1] as number;
    const skip = at - this.#at(record);
    const checksum = this.#sums[record] as bigint;
    const disk = this.#disk(record);
    return { disk, at, length: end - at, kind, offset, stored, whole, skip, checksum };
  }

  #disk(record: number): number {
    return (this.#narrow[NARROW * record + 2] as number) >>> 8;
  }

  #at(record: number): number {
    return this.#wide[WIDE * record] as number;
  }

  #end(record: number): number {
    return this.#at(record) + (this.#narrow[NARROW * record] as number);
  }

  /** Record numbers by disk, place, arrival. Sorted as 64-bit integers that never become bigints. */
  #sorted(): Float64Array {
    const order = new Float64Array(this.#count);
    if (this.#inOrder()) return order.map((_, at) => at);
    const keys = new BigUint64Array(this.#count);
    const halves = new Uint32Array(keys.buffer);
    for (let at = 0; at < this.#count; at++) {
      // 7 bits of disk, 37 bits of block, 20 bits of arrival; both halves little-endian.
      const block = this.#at(at) / this.#blockSize;
      halves[2 * at] = ((block % 4096) * DELTA_RECORDS_MAX + at) >>> 0;
      halves[2 * at + 1] = this.#disk(at) * 0x2000000 + Math.floor(block / 4096);
    }
    keys.sort();
    for (let at = 0; at < this.#count; at++) {
      order[at] = (halves[2 * at] as number) % DELTA_RECORDS_MAX;
    }
    return order;
  }

  #inOrder(): boolean {
    for (let at = 1; at < this.#count; at++) {
      const before = this.#disk(at - 1);
      const disk = this.#disk(at);
      if (before > disk || (before === disk && this.#at(at - 1) > this.#at(at))) return false;
    }
    return true;
  }
}

/** A heap of record numbers with the latest on top. */
class LatestFirst {
  readonly #items: number[] = [];

  get size(): number {
    return this.#items.length;
  }

  get top(): number {
    return this.#items[0] as number;
  }

  push(item: number): void {
    let at = this.#items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if ((this.#items[parent] as number) >= item) break;
      this.#items[at] = this.#items[parent] as number;
      at = parent;
    }
    this.#items[at] = item;
  }

  pop(): void {
    const item = this.#items.pop() as number;
    const size = this.#items.length;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && (this.#items[child + 1] as number) > (this.#items[child] as number)) {
        child++;
      }
      if ((this.#items[child] as number) <= item) break;
      this.#items[at] = this.#items[child] as number;
      at = child;
    }
    this.#items[at] = item;
  }
}
