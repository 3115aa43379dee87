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

/** What both lists have, in order; each list is in order and without overlap. */
export function common(left: readonly Extent[], right: readonly Extent[]): Extent[] {
  const both: Extent[] = [];
  let other = 0;
  for (const { at, length } of left) {
    while (other < right.length && endOf(right[other] as Extent) <= at) other++;
    for (let next = other; next < right.length; next++) {
      const extent = right[next] as Extent;
      if (extent.at >= at + length) break;
      const from = Math.max(at, extent.at);
      both.push({ at: from, length: Math.min(at + length, endOf(extent)) - from });
    }
  }
  return both;
}

/** The same bytes in order, neighbours in one; extents do not overlap. */
export function joined(extents: readonly Extent[]): Extent[] {
  const runs: Extent[] = [];
  for (const extent of extents.toSorted((left, right) => left.at - right.at)) {
    const last = runs.at(-1);
    if (last === undefined || endOf(last) !== extent.at) runs.push(extent);
    else runs[runs.length - 1] = { at: last.at, length: last.length + extent.length };
  }
  return runs;
}

function endOf({ at, length }: Extent): number {
  return at + length;
}
