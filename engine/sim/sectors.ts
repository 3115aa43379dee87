/**
 * Bytes that a loss of power can tear: what the kernel shows, what is durable, and every change
 * between, kept until a flush.
 *
 * Rule (E3): nothing that a returned flush covered is ever lost; of the rest, per sector, any version
 * since the last flush may be what remains. This file knows neither time nor names.
 *
 * @module
 */
// Long because: what the kernel shows and what the medium has are changed together, by whatever comes.

import { assert } from "../core/base/assert.ts";
import { ChangeNumbers } from "./change_numbers.ts";
import { KeptBytes } from "./kept_bytes.ts";
import type { Prng } from "./prng.ts";

/** Bytes that are written whole or not at all. */
export const SECTOR_SIZE = 512;

/** Unflushed bytes above which the kernel writes the older half back by itself. */
const WRITEBACK_BYTES = 8 * 1024 * 1024;
/** Unflushed changes above which the kernel does the same. */
const WRITEBACK_CHANGES = 16_384;

/** From so many changes on it pays to look which of them are written over. */
const NEWEST_FIRST_MIN = 256;

/** One change on its way to the medium. */
interface Change {
  readonly at: number;
  readonly length: number;
  /** Where the bytes are; `undefined` for zeros. */
  readonly chunk: Uint8Array | undefined;
  /** Where in `chunk` they begin. */
  readonly from: number;
  /** The length of everything after this change. */
  readonly total: number;
}

/** A growing row of bytes with two faces: the kernel's, and the medium's. */
export class Sectors {
  #bytes: Uint8Array;
  #length: number;
  #durable: Uint8Array;
  #durableLength: number;
  #changes: Change[] = [];
  #first = 0;
  #pendingBytes = 0;
  readonly #kept = new KeptBytes();
  /** Sectors whose flush failed: what the kernel shows, and no later flush makes durable by itself. */
  readonly #orphans = new Map<number, Uint8Array>();
  readonly #numbers = new ChangeNumbers();

  /** All zeros, durable. */
  constructor(length: number) {
    this.#bytes = new Uint8Array(length);
    this.#durable = new Uint8Array(length);
    this.#length = length;
    this.#durableLength = length;
  }

  /** Bytes, as the kernel shows them. */
  get length(): number {
    return this.#length;
  }

  /** True when a loss of power at this moment may lose something. */
  get dirty(): boolean {
    return this.#changes.length > 0 || this.#orphans.size > 0;
  }

  /** A copy of `[at, at + length)`, cut at the end. */
  read(at: number, length: number): Uint8Array {
    return this.#bytes.slice(at, Math.max(at, Math.min(at + length, this.#length)));
  }

  /** The kernel's bytes themselves, for checkers: not to be changed, valid until the next change. */
  peek(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** True when `[at, at + length)`, whole words, holds nothing but zeros. */
  zeros(at: number, length: number): boolean {
    const end = Math.min(at + length, this.#length);
    const words = new Int32Array(this.#bytes.buffer, at, (end - at) >>> 2);
    for (let place = 0; place < words.length; place++) if (words[place] !== 0) return false;
    return true;
  }

  /** While this stays the same so do the bytes in `[at, at + length)`, for checkers. */
  changed(at: number, length: number): number {
    return this.#numbers.last(at, length, this.#length);
  }

  /** A copy of what is durable for certain, for checkers. */
  durable(): Uint8Array {
    return this.#durable.slice(0, this.#durableLength);
  }

  /** Writes a copy of `data`, growing as needed. */
  write(at: number, data: Uint8Array): void {
    this.#grow(Math.max(this.#length, at + data.length));
    this.#bytes.set(data, at);
    this.#numbers.note(at, data.length);
    this.#note(at, data.length, this.#kept.keep(data), this.#kept.from);
  }

  /** Makes a range inside read as zeros. */
  zero(at: number, length: number): void {
    this.#bytes.fill(0, at, at + length);
    this.#numbers.note(at, length);
    this.#note(at, length, undefined, 0);
  }

  /** Sets the length; what is grown reads as zeros. */
  truncate(length: number): void {
    const old = this.#length;
    this.#numbers.noteAll();
    if (length < old) {
      this.#bytes.fill(0, length, old);
      this.#length = length;
      this.#note(length, old - length, undefined, 0);
    } else {
      this.#grow(length);
      this.#note(old, 0, undefined, 0);
    }
  }

  /** Number of the next change: what a flush that begins at this moment covers. */
  mark(): number {
    return this.#first + this.#changes.length;
  }

  /** Makes all changes before `mark` durable. */
  persist(mark: number): void {
    const count = Math.min(Math.max(0, mark - this.#first), this.#changes.length);
    if (this.#applyNewest(count)) return this.#forget(count);
    for (let at = 0; at < count; at++) this.#apply(this.#changes[at] as Change);
    this.#forget(count);
  }

  /**
   * Applies the first `count` changes where that is simple: each one of whole sectors, none that changes the length. From the newest
   * back, so that of a sector that was written again and again only what remains is copied: most of what a busy
   * disk that is never flushed wrote is written over by then. False, with nothing done, where it is not simple.
   */
  #applyNewest(count: number): boolean {
    if (count < NEWEST_FIRST_MIN || this.#orphans.size > 0) return false;
    const length = this.#durableLength;
    for (let at = 0; at < count; at++) {
      const change = this.#changes[at] as Change;
      const whole = (change.at | change.length) % SECTOR_SIZE === 0;
      if (!whole || change.total !== length || change.at + change.length > length) return false;
    }
    const done = new Uint8Array(Math.ceil(length / SECTOR_SIZE));
    for (let at = count - 1; at >= 0; at--) {
      const change = this.#changes[at] as Change;
      const end = (change.at + change.length) / SECTOR_SIZE;
      for (let sector = change.at / SECTOR_SIZE; sector < end; sector++) {
        if (done[sector] === 1) continue;
        done[sector] = 1;
        this.#store(change, sector * SECTOR_SIZE, (sector + 1) * SECTOR_SIZE);
      }
    }
    return true;
  }

  /**
   * A flush of all changes before `mark` failed: the kernel goes on showing them and calls them
   * clean, but on the medium each sector is old or new, and later flushes do not write them again.
   */
  failFlush(mark: number, random: Prng): void {
    const count = Math.min(Math.max(0, mark - this.#first), this.#changes.length);
    for (let at = 0; at < count; at++) {
      const change = this.#changes[at] as Change;
      const end = Math.ceil((change.at + change.length) / SECTOR_SIZE);
      for (let sector = Math.floor(change.at / SECTOR_SIZE); sector < end; sector++) {
        const shown = this.#bytes.slice(sector * SECTOR_SIZE, (sector + 1) * SECTOR_SIZE);
        this.#orphans.set(sector, shown);
      }
    }
    if (count > 0) this.#setDurableLength((this.#changes[count - 1] as Change).total);
    this.#forget(count);
    for (const sector of [...this.#orphans.keys()]) if (random.flip()) this.#adopt(sector);
  }

  /** Changes bytes on the medium and in the kernel alike, without a trace: bit rot, misdirection. */
  damage(at: number, data: Uint8Array): void {
    const end = Math.min(at + data.length, this.#length);
    if (end <= at) return;
    this.#bytes.set(data.subarray(0, end - at), at);
    this.#numbers.note(at, end - at);
    const durableEnd = Math.min(end, this.#durableLength);
    if (durableEnd > at) this.#durable.set(data.subarray(0, durableEnd - at), at);
  }

  /** Power is lost: what remains is decided by `random`, and is durable. */
  losePower(random: Prng): void {
    if (!this.dirty) return;
    this.#numbers.noteAll();
    const mode = random.below(4);
    if (mode === 1) this.#keepAll();
    else if (mode === 2) this.#keepSectors(random);
    else if (mode === 3) this.#keepChanges(random);
    this.#changes = [];
    this.#kept.forget(undefined);
    this.#first = 0;
    this.#pendingBytes = 0;
    this.#orphans.clear();
    this.#bytes = this.#durable.slice();
    this.#length = this.#durableLength;
  }

  /** Everything survives, orphans too. */
  #keepAll(): void {
    for (const sector of [...this.#orphans.keys()]) this.#adopt(sector);
    for (const change of this.#changes) this.#apply(change);
  }

  /** Every change survives whole or not at all, whatever came before or after it. */
  #keepChanges(random: Prng): void {
    for (const sector of [...this.#orphans.keys()]) if (random.flip()) this.#adopt(sector);
    for (const change of this.#changes) if (random.flip()) this.#apply(change);
  }

  /** Every sector survives in any of its versions; the length is any that it had. */
  #keepSectors(random: Prng): void {
    for (const sector of [...this.#orphans.keys()]) if (random.flip()) this.#adopt(sector);
    const versions = new Map<number, Change[]>();
    for (const change of this.#changes) {
      const end = Math.ceil((change.at + change.length) / SECTOR_SIZE);
      for (let sector = Math.floor(change.at / SECTOR_SIZE); sector < end; sector++) {
        const known = versions.get(sector);
        if (known === undefined) versions.set(sector, [change]);
        else known.push(change);
      }
    }
    const lengths = [this.#durableLength, ...this.#changes.map((change) => change.total)];
    this.#setDurableLength(Math.max(...lengths));
    for (const [sector, changes] of versions) {
      const kept = random.below(changes.length + 1);
      for (let at = 0; at < kept; at++) this.#applySector(changes[at] as Change, sector);
    }
    this.#setDurableLength(random.pick(lengths));
  }

  #grow(length: number): void {
    if (length <= this.#length) return;
    if (length > this.#bytes.length) this.#bytes = enlarged(this.#bytes, length);
    this.#length = length;
  }

  #note(at: number, length: number, chunk: Uint8Array | undefined, from: number): void {
    this.#changes.push({ at, length, chunk, from, total: this.#length });
    this.#pendingBytes += length;
    const many = this.#changes.length > WRITEBACK_CHANGES;
    if (many || this.#pendingBytes > WRITEBACK_BYTES) {
      this.persist(this.#first + Math.ceil(this.#changes.length / 2));
    }
  }

  #forget(count: number): void {
    for (let at = 0; at < count; at++) this.#pendingBytes -= (this.#changes[at] as Change).length;
    if (count === this.#changes.length) this.#changes = [];
    else this.#changes.splice(0, count);
    this.#kept.forget(this.#changes.find(({ chunk }) => chunk !== undefined)?.chunk);
    this.#first += count;
  }

  #apply(change: Change): void {
    if (this.#orphans.size > 0) {
      const end = Math.ceil((change.at + change.length) / SECTOR_SIZE);
      for (let sector = Math.floor(change.at / SECTOR_SIZE); sector < end; sector++) {
        if (this.#orphans.has(sector)) this.#adopt(sector);
      }
    }
    const reach = change.at + change.length;
    this.#setDurableLength(Math.max(change.total, this.#durableLength));
    if (reach > this.#durable.length) this.#durable = enlarged(this.#durable, reach);
    this.#store(change, change.at, reach);
    this.#setDurableLength(change.total);
  }

  #applySector(change: Change, sector: number): void {
    const start = Math.max(change.at, sector * SECTOR_SIZE);
    const end = Math.min(change.at + change.length, (sector + 1) * SECTOR_SIZE);
    if (end > this.#durable.length) this.#durable = enlarged(this.#durable, end);
    this.#store(change, start, end);
  }

  /** Puts `[start, end)` of a change on the medium. */
  #store(change: Change, start: number, end: number): void {
    const { at, chunk, from } = change;
    if (end <= start) return;
    if (chunk === undefined) this.#durable.fill(0, start, end);
    else this.#durable.set(chunk.subarray(from + start - at, from + end - at), start);
  }

  /** What the kernel showed of an orphan reaches the medium after all. */
  #adopt(sector: number): void {
    const shown = this.#orphans.get(sector);
    assert(shown !== undefined, "Only an orphan is adopted");
    this.#orphans.delete(sector);
    const at = sector * SECTOR_SIZE;
    const end = Math.min(at + shown.length, this.#durableLength);
    if (end > at) this.#durable.set(shown.subarray(0, end - at), at);
  }

  #setDurableLength(length: number): void {
    if (length > this.#durable.length) this.#durable = enlarged(this.#durable, length);
    if (length < this.#durableLength) this.#durable.fill(0, length, this.#durableLength);
    this.#durableLength = length;
  }
}

function enlarged(bytes: Uint8Array, length: number): Uint8Array {
  const larger = new Uint8Array(Math.max(length, 2 * bytes.length, SECTOR_SIZE));
  larger.set(bytes);
  return larger;
}
