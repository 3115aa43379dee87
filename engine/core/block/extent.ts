/**
 * Extents: runs of bytes of one disk.
 *
 * @module
 */

/** A run of bytes. */
export interface Extent {
  /** First byte. */
  readonly at: number;
  /** Bytes; more than none. */
  readonly length: number;
}

/** What a block holds: bytes, or zeros that need not travel. */
export type ContentKind = "data" | "zero";

/** An extent of one of a machine's disks and what it holds. */
export interface DiskExtent extends Extent {
  /** Index of the disk in its machine. */
  readonly disk: number;
  /** Whether the bytes travel or are known to be zero. */
  readonly kind: ContentKind;
}

/** True when `[at, at + length)` lies inside `size` bytes; safe against any numbers. */
export function inside(at: number, length: number, size: number): boolean {
  return Number.isSafeInteger(at) && Number.isSafeInteger(length) && at >= 0 && length >= 0 &&
    at <= size && length <= size - at;
}
