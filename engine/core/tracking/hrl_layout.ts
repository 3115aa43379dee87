/**
 * Where things lie in a `.hrl` file. All numbers little-endian, all checksums XXH3-64 of the rest
 * of their sector or header.
 *
 * | bytes                  | what                                                          |
 * |------------------------|---------------------------------------------------------------|
 * | 0 to 4095              | header, first copy (`hrl_header.ts`)                          |
 * | 4096 to 8191           | header, second copy                                           |
 * | 8192, 512 each         | activity log: a ring of records (`hrl_record.ts`)             |
 * | next multiple of 4096  | bitmap pages, 512 bytes each, 1920 blocks each (`hrl_page.ts`) |
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { Geometry } from "../block/geometry.ts";

/** Bytes of one header copy. */
export const HEADER_SIZE = 4096;
/** Bytes of a record and of a bitmap page: what a disk writes whole or not at all. */
export const SECTOR_SIZE = 512;
/** Blocks of which one bitmap page tells: sixty words of each of its two bits. */
export const PAGE_BLOCKS = 1920;
/** Slot changes in one record. */
export const UPDATES_MAX = 29;
/** Slots of the table that one record repeats as context. */
export const WINDOW = 60;
/** Records written in one batch at most, with one flush. */
export const BATCH_RECORDS = 32;
/** Sequences go no higher in a sound file: there is always room to count on. */
export const SEQUENCE_MAX = 2 ** 52;
/** A slot of the activity log that holds no region. */
export const NO_REGION = 0xffffffff;

/** Sizes and places of one `.hrl`, all following from the disk and the slots. */
export interface HrlLayout {
  /** Bytes of the disk. */
  readonly diskSize: number;
  /** Granularity. */
  readonly geometry: Geometry;
  /** Regions hot at once. */
  readonly slots: number;
  /** Blocks of the disk. */
  readonly blocks: number;
  /** Regions of the disk. */
  readonly regions: number;
  /** Blocks of a region. */
  readonly regionBlocks: number;
  /** Newest records that repeat the whole slot table between them. */
  readonly cover: number;
  /** Records of the ring. */
  readonly records: number;
  /** Bitmap pages. */
  readonly pages: number;
  /** Offset of the ring. */
  readonly ringAt: number;
  /** Offset of the first bitmap page. */
  readonly pagesAt: number;
  /** Bytes of the whole file. */
  readonly size: number;
}

/** The layout of a `.hrl` for a disk of `diskSize` bytes. */
export function layoutOf(diskSize: number, geometry: Geometry, slots: number): HrlLayout {
  const blocks = Math.ceil(diskSize / geometry.blockSize);
  const regions = Math.ceil(diskSize / geometry.regionSize);
  assert(slots > 0 && slots <= 1 << 20, "An activity log has slots, at most a million");
  assert(regions < NO_REGION, "A region index fits in 32 bits");
  const cover = Math.ceil(slots / WINDOW);
  // A batch never overwrites a record among the newest `cover` durable ones.
  const records = 2 * cover + 2 * BATCH_RECORDS;
  assert(records - cover > BATCH_RECORDS, "A torn batch leaves the whole table readable");
  const ringAt = 2 * HEADER_SIZE;
  const pages = Math.ceil(blocks / PAGE_BLOCKS);
  const pagesAt = Math.ceil((ringAt + records * SECTOR_SIZE) / 4096) * 4096;
  return {
    diskSize,
    geometry,
    slots,
    blocks,
    regions,
    regionBlocks: geometry.regionSize / geometry.blockSize,
    cover,
    records,
    pages,
    ringAt,
    pagesAt,
    size: pagesAt + Math.ceil((pages * SECTOR_SIZE) / 4096) * 4096,
  };
}
