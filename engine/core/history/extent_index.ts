/**
 * The on-disk index of a sealed delta or an undo file: sorted extents that do not overlap, in pages
 * found through a directory (R5), which `extent_directory.ts` tells of.
 *
 * An entry is 48 bytes:
 *
 * | at | field    | type | meaning                                                     |
 * |----|----------|------|-------------------------------------------------------------|
 * |  0 | at       | u64  | first byte on the disk                                      |
 * |  8 | length   | u32  | bytes of disk                                               |
 * | 12 | disk     | u16  | index of the disk                                           |
 * | 14 | kind     | u8   | 0 zero, 1 raw, 2 one Zstandard frame                        |
 * | 15 | reserved | u8   | 0                                                           |
 * | 16 | offset   | u64  | where the payload begins in this file                       |
 * | 24 | stored   | u32  | bytes of payload                                            |
 * | 28 | whole    | u32  | bytes of the payload's content                              |
 * | 32 | skip     | u32  | bytes of content before this extent's                       |
 * | 36 | reserved | u32  | 0                                                           |
 * | 40 | checksum | u64  | XXH3-64 of the whole content                                |
 *
 * Rule: bytes from a disk are checked before they are believed; a page that breaks a rule is damage.
 * It does not know what an extent means.
 *
 * @module
 */

import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import { inside } from "../block/extent.ts";
import { EXTENT_KINDS, type ExtentKind } from "../wire/extent.ts";

/** Bytes of one entry. */
export const ENTRY_SIZE = 48;

/** One extent and where its content lies. */
export interface IndexEntry {
  readonly disk: number;
  readonly at: number;
  readonly length: number;
  readonly kind: ExtentKind;
  /** Where the payload begins in the file; 0 for zeros. */
  readonly offset: number;
  /** Bytes of payload. */
  readonly stored: number;
  /** Bytes of the payload's content, of which the extent may be a part. */
  readonly whole: number;
  /** Bytes of content before the extent's. */
  readonly skip: number;
  /** XXH3-64 of the whole content. */
  readonly checksum: bigint;
}

/** What bounds the entries of one file. */
export interface IndexBounds {
  /** Bytes of every disk of the machine. */
  readonly sizes: readonly number[];
  readonly blockSize: number;
  /** Payloads lie before this byte of the file. */
  readonly bodyEnd: number;
}

/** Writes `entry` where the writer stands. */
export function writeEntry(writer: ByteWriter, entry: IndexEntry): void {
  const kind = EXTENT_KINDS.indexOf(entry.kind);
  writer.safe64(entry.at).u32(entry.length).u16(entry.disk).u8(kind).u8(0)
    .safe64(entry.offset).u32(entry.stored).u32(entry.whole).u32(entry.skip).u32(0)
    .u64(entry.checksum);
}

/** A page of entries whose checksum was right. */
export class IndexPage {
  /** Entries in it. */
  readonly count: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.count = Math.floor(bytes.length / ENTRY_SIZE);
  }

  /** Entry `index`, decoded. */
  entry(index: number): IndexEntry {
    const reader = new ByteReader(this.#bytes, index * ENTRY_SIZE, (index + 1) * ENTRY_SIZE);
    const at = reader.safe64();
    const length = reader.u32();
    const disk = reader.u16();
    const kind = EXTENT_KINDS[reader.u8()] ?? "zero";
    reader.u8();
    const offset = reader.safe64();
    const stored = reader.u32();
    const whole = reader.u32();
    const skip = reader.u32();
    reader.u32();
    return { disk, at, length, kind, offset, stored, whole, skip, checksum: reader.u64() };
  }

  /** The first entry that ends after byte `at` of `disk`, or `count`. */
  lowerBound(disk: number, at: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#endsBy(middle, disk, at)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #endsBy(index: number, disk: number, at: number): boolean {
    const base = index * ENTRY_SIZE;
    const own = this.#view.getUint16(base + 12, true);
    if (own !== disk) return own < disk;
    const start = this.#view.getUint32(base, true) +
      this.#view.getUint32(base + 4, true) * 0x100000000;
    return start + this.#view.getUint32(base + 8, true) <= at;
  }

  /** The problem with the page in words, or `undefined` when every entry keeps the rules. */
  problem(bounds: IndexBounds): string | undefined {
    let disk = 0;
    let end = 0;
    for (let index = 0; index < this.count; index++) {
      const entry = this.entry(index);
      if (entry.disk < disk || (entry.disk === disk && entry.at < end)) return "is out of order";
      if (this.#bytes[index * ENTRY_SIZE + 14] as number >= EXTENT_KINDS.length) {
        return "has a strange kind";
      }
      const problem = entryProblem(entry, bounds);
      if (problem !== undefined) return problem;
      disk = entry.disk;
      end = entry.at + entry.length;
    }
    return undefined;
  }
}

function entryProblem(entry: IndexEntry, bounds: IndexBounds): string | undefined {
  const size = bounds.sizes[entry.disk];
  if (size === undefined) return "names a disk that is not there";
  if (entry.length === 0 || !inside(entry.at, entry.length, size)) return "lies outside its disk";
  if (entry.at % bounds.blockSize !== 0 || entry.length % bounds.blockSize !== 0) {
    return "is not on whole blocks";
  }
  if (entry.kind === "zero") return undefined;
  if (entry.whole > EXTENT_SIZE_MAX || entry.stored > entry.whole) return "is too large";
  if (entry.skip + entry.length > entry.whole) return "is longer than its content";
  if (entry.kind === "raw" && entry.stored !== entry.whole) return "is not as long as its content";
  return inside(entry.offset, entry.stored, bounds.bodyEnd) ? undefined : "lies outside its file";
}
