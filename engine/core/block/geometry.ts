/**
 * How a disk divides into blocks, and which numbers are sound.
 *
 * @module
 */

import { BLOCK_SIZE, DISK_SIZE_MAX, REGION_SIZE } from "../base/limits.ts";
import { requestFailure } from "../base/failure.ts";

/** Sizes in bytes, fixed when a disk's tracking begins. */
export interface Geometry {
  /** Tracking granularity: a power of two, 512 to 65,536. */
  readonly blockSize: number;
  /** A region of the activity log: a multiple of the block size. */
  readonly regionSize: number;
}

/** The geometry of real disks; simulated ones may be smaller. */
export const STANDARD_GEOMETRY: Geometry = { blockSize: BLOCK_SIZE, regionSize: REGION_SIZE };

/** True when both sizes keep what `Geometry` promises. */
export function isGeometry(blockSize: number, regionSize: number): boolean {
  return blockSize >= 512 && blockSize <= 65_536 && (blockSize & (blockSize - 1)) === 0 &&
    regionSize >= blockSize && regionSize <= 1 << 30 && regionSize % blockSize === 0;
}

/** Refuses a disk size that cannot be protected: zero, huge, or no multiple of the block size. */
export function checkDiskSize(size: number, blockSize: number, name: string): void {
  if (size > 0 && size <= DISK_SIZE_MAX && size % blockSize === 0) return;
  if (!(size > 0) || size > DISK_SIZE_MAX) {
    throw requestFailure(
      "bad-argument",
      `Cannot protect "${name}": its size of ${size} bytes is not between 1 and ${DISK_SIZE_MAX}`,
      "Name a disk or an image of a size in these bounds",
    );
  }
  throw requestFailure(
    "bad-argument",
    `Cannot protect "${name}": its size of ${size} bytes is not a multiple of ${blockSize}`,
    `Grow the image to a multiple of ${blockSize}, e.g. with "truncate --size=%${blockSize} FILE"`,
  );
}

/** The first block that touches byte `at`. */
export function blockOf(at: number, blockSize: number): number {
  return Math.floor(at / blockSize);
}

/** One past the last block that the `length` bytes at `at` touch; a range of none touches none. */
export function blockEnd(at: number, length: number, blockSize: number): number {
  return length === 0 ? blockOf(at, blockSize) : Math.ceil((at + length) / blockSize);
}
