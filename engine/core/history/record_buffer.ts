/**
 * The newest records of an open delta, in memory as they arrived, and in order when they are asked for.
 *
 * Rule: 40 bytes a record, and a bound on their number. It does not know files.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { done, type Task } from "../runtime/task.ts";
import { EXTENT_KINDS, type ExtentKind } from "../wire/extent.ts";

/** `at`, `offset` of the payload. */
const WIDE = 2;
/** `length`, `stored`, `disk` and `kind`. */
const NARROW = 3;
/** Records at first; doubled as needed. */
const FIRST = 64;
/** More would not fit into a key of the sort. */
const CAPACITY_MAX = 1 << 20;

/** One record of an open delta. */
export interface DeltaRecord {
  readonly disk: number;
  readonly at: number;
  readonly length: number;
  readonly kind: ExtentKind;
  /** Where the payload begins in the staging file: the later a record came, the higher. */
  readonly offset: number;
  /** Bytes of payload. */
  readonly stored: number;
  readonly checksum: bigint;
}

/** Records by disk, place and arrival. */
export interface RecordSource {
  /** The record where the walk stands; `undefined` at the end. */
  readonly head: DeltaRecord | undefined;
  /** Goes on by one; false when `load` must run before `head` says anything. */
  advance(): boolean;
  /** Brings what `head` is to say into memory. */
  load(): Task<void>;
}

/** A bounded number of records in the order of arrival. */
export class RecordBuffer {
  readonly #blockSize: number;
  readonly #capacity: number;
  #count = 0;
  #wide = new Float64Array(0);
  #narrow = new Uint32Array(0);
  #sums = new BigUint64Array(0);

  constructor(blockSize: number, capacity: number) {
    assert(capacity > 0 && capacity <= CAPACITY_MAX, "A buffer holds 1 to 2^20 records");
    this.#blockSize = blockSize;
    this.#capacity = capacity;
  }

  /** Records held. */
  get count(): number {
    return this.#count;
  }

  /** True when no record more fits. */
  get full(): boolean {
    return this.#count === this.#capacity;
  }

  /** Adds the next record. */
  push(record: DeltaRecord): void {
    assert(!this.full, "A buffer has room for the record");
    if (this.#count === this.#sums.length) {
      this.#resize(Math.min(this.#capacity, Math.max(FIRST, 2 * this.#count)));
    }
    const at = this.#count++;
    this.#wide[WIDE * at] = record.at;
    this.#wide[WIDE * at + 1] = record.offset;
    this.#narrow[NARROW * at] = record.length;
    this.#narrow[NARROW * at + 1] = record.stored;
    this.#narrow[NARROW * at + 2] = record.disk * 256 + EXTENT_KINDS.indexOf(record.kind);
    this.#sums[at] = record.checksum;
  }

  /** Forgets the records whose payload begins after byte `end` of the file. */
  rewind(end: number): void {
    while (this.#count > 0 && this.#offset(this.#count - 1) > end) this.#count--;
  }

  /** Forgets all. */
  clear(): void {
    this.#count = 0;
  }

  #resize(size: number): void {
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

  /** Where the payload of the record that came first begins; 0 when there is none. */
  get first(): number {
    return this.#count === 0 ? 0 : this.#offset(0);
  }

  #offset(record: number): number {
    return this.#wide[WIDE * record + 1] as number;
  }

  #disk(record: number): number {
    return (this.#narrow[NARROW * record + 2] as number) >>> 8;
  }

  #at(record: number): number {
    return this.#wide[WIDE * record] as number;
  }

  #record(record: number): DeltaRecord {
    return {
      disk: this.#disk(record),
      at: this.#at(record),
      length: this.#narrow[NARROW * record] as number,
      kind: EXTENT_KINDS[(this.#narrow[NARROW * record + 2] as number) % 256] as ExtentKind,
      offset: this.#offset(record),
      stored: this.#narrow[NARROW * record + 1] as number,
      checksum: this.#sums[record] as bigint,
    };
  }

  /** Walks the records by disk, place, arrival. None must be added or forgotten meanwhile. */
  sorted(): RecordSource {
    const order = this.#order();
    const record = (place: number) => {
      const number = order[place];
      return number === undefined ? undefined : this.#record(number);
    };
    let place = 0;
    let head = record(0);
    return {
      get head() {
        return head;
      },
      advance() {
        head = record(++place);
        return true;
      },
      load: () => done(undefined),
    };
  }

  /** Record numbers by disk, place, arrival. Sorted as 64-bit integers that never become bigints. */
  #order(): Uint32Array {
    const order = new Uint32Array(this.#count);
    if (this.#inOrder()) return order.map((_, at) => at);
    const keys = new BigUint64Array(this.#count);
    const halves = new Uint32Array(keys.buffer);
    for (let at = 0; at < this.#count; at++) {
      // 7 bits of disk, 37 bits of block, 20 bits of arrival; both halves little-endian.
      const block = this.#at(at) / this.#blockSize;
      halves[2 * at] = ((block % 4096) * CAPACITY_MAX + at) >>> 0;
      halves[2 * at + 1] = this.#disk(at) * 0x2000000 + Math.floor(block / 4096);
    }
    keys.sort();
    for (let at = 0; at < this.#count; at++) {
      order[at] = (halves[2 * at] as number) % CAPACITY_MAX;
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
