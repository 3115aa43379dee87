/**
 * Reading and writing the parts of a `.hrl` file, in whole sectors and large requests.
 *
 * Rule: it moves bytes and judges nothing; what may be written when is the journal's business.
 *
 * @module
 */

import type { Kernel } from "../ports/codec.ts";
import type { File, FileChange } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import type { BlockSet } from "./block_set.ts";
import { type DecodedHeader, decodeHeader, HeaderImage, type HrlHeader } from "./hrl_header.ts";
import { HEADER_SIZE, type HrlLayout, SECTOR_SIZE } from "./hrl_layout.ts";
import { decodePage, encodePage, type PageBits, type PageFound } from "./hrl_page.ts";
import { decodeRecord, encodeRecord, type HrlRecord } from "./hrl_record.ts";

/** Sectors in one request to the file. */
const CHUNK_SECTORS = 2048;

/** Both header copies of `file`. */
export function* readHeaders(kernel: Kernel, file: File): Task<[DecodedHeader, DecodedHeader]> {
  const bytes = yield* file.read(0, 2 * HEADER_SIZE);
  return [
    decodeHeader(kernel, bytes.subarray(0, HEADER_SIZE)),
    decodeHeader(kernel, bytes.subarray(HEADER_SIZE)),
  ];
}

/** An open `.hrl` of a known layout. */
export class HrlFile {
  #layout: HrlLayout;
  readonly #kernel: Kernel;
  readonly #file: File;
  readonly #header: HeaderImage;

  constructor(kernel: Kernel, file: File, layout: HrlLayout) {
    this.#header = new HeaderImage(kernel);
    this.#kernel = kernel;
    this.#file = file;
    this.#layout = layout;
  }

  /** Sizes and places. */
  get layout(): HrlLayout {
    return this.#layout;
  }

  /** Takes the space of a file of `layout`, which is this one's or a larger disk's. */
  *allocate(layout: HrlLayout = this.#layout): Task<void> {
    yield* this.#file.allocate(layout.size);
    if (this.#file.size < layout.size) yield* this.#file.truncate(layout.size);
  }

  /** Goes by the layout of a larger disk from here on: pages come behind those there are, nothing moves. */
  extend(layout: HrlLayout): void {
    this.#layout = layout;
  }

  /** Bytes of the file as it is. */
  get size(): number {
    return this.#file.size;
  }

  /** Writes one header copy, 0 or 1. One at a time, and none behind one that failed: its bytes may be under way still. */
  writeHeader(copy: number, header: HrlHeader): Task<void> {
    return this.#file.write(copy * HEADER_SIZE, this.#header.encode(header));
  }

  /** Every record of the ring by its place; `undefined` where none is sound. */
  *readRing(): Task<(HrlRecord | undefined)[]> {
    const { records, ringAt } = this.layout;
    const found: (HrlRecord | undefined)[] = [];
    for (let at = 0; at < records; at += CHUNK_SECTORS) {
      const count = Math.min(CHUNK_SECTORS, records - at);
      const bytes = yield* this.#file.read(ringAt + at * SECTOR_SIZE, count * SECTOR_SIZE);
      for (let index = 0; index < count; index++) {
        const sector = bytes.subarray(index * SECTOR_SIZE, (index + 1) * SECTOR_SIZE);
        const whole = sector.length === SECTOR_SIZE;
        found.push(whole ? decodeRecord(this.#kernel, sector) : undefined);
      }
    }
    return found;
  }

  /** Writes records of consecutive sequences to their places in the ring. */
  *writeRecords(records: readonly HrlRecord[]): Task<void> {
    let at = 0;
    while (at < records.length) {
      const place = (records[at]?.sequence ?? 0) % this.layout.records;
      const count = Math.min(records.length - at, this.layout.records - place);
      const bytes = new Uint8Array(count * SECTOR_SIZE);
      for (let index = 0; index < count; index++) {
        const record = records[at + index] as HrlRecord;
        encodeRecord(this.#kernel, bytes.subarray(index * SECTOR_SIZE), record);
      }
      yield* this.#file.write(this.layout.ringAt + place * SECTOR_SIZE, bytes);
      at += count;
    }
  }

  /** Reads every bitmap page into `into` and tells what each was. */
  *readPages(into: BlockSet, found: (index: number, page: PageFound) => void): Task<void> {
    const { pages, pagesAt } = this.layout;
    for (let at = 0; at < pages; at += CHUNK_SECTORS) {
      const count = Math.min(CHUNK_SECTORS, pages - at);
      const bytes = yield* this.#file.read(pagesAt + at * SECTOR_SIZE, count * SECTOR_SIZE);
      for (let index = 0; index < count; index++) {
        const sector = bytes.subarray(index * SECTOR_SIZE, (index + 1) * SECTOR_SIZE);
        if (sector.length < SECTOR_SIZE) found(at + index, { sequence: undefined, any: true });
        else found(at + index, decodePage(this.#kernel, sector, at + index, into));
      }
    }
  }

  /**
   * Writes `count` pages from `first` on, their bits taken at the moment each request is made.
   * Tells of each whether any bit in it is set.
   */
  *writePages(
    first: number,
    count: number,
    sequence: number,
    bits: PageBits,
    written: (index: number, any: boolean) => void,
  ): Task<void> {
    for (let at = first; at < first + count; at += CHUNK_SECTORS) {
      const part = Math.min(CHUNK_SECTORS, first + count - at);
      const bytes = new Uint8Array(part * SECTOR_SIZE);
      for (let index = 0; index < part; index++) {
        const sector = bytes.subarray(index * SECTOR_SIZE);
        written(at + index, encodePage(this.#kernel, sector, at + index, sequence, bits));
      }
      yield* this.#file.write(this.layout.pagesAt + at * SECTOR_SIZE, bytes);
    }
  }

  /** Makes everything written durable. */
  flush(): Task<void> {
    return this.#file.flush();
  }

  /** When it was changed last. */
  lastChange(): Task<FileChange> {
    return this.#file.lastChange();
  }

  /** Gives the file and its lock back. */
  close(): Task<void> {
    return this.#file.close();
  }
}
