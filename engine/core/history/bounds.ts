/**
 * The bounds of one machine's history on a replica (E6).
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { DISKS_MAX, EXTENT_SIZE_MAX, POINTS_MAX } from "../base/limits.ts";
import { GiB, KiB, MiB } from "../base/units.ts";

/** Bytes of one state file, taken from the file system when the replica is made (R10). */
export const STATE_CAPACITY = 1 * MiB;
/** Bytes of a state file that only a listed point may not use: holds, failover, generation (R10). */
export const STATE_SLACK = 256 * KiB;
/** Bytes of the upper layers' small document. */
export const EXTRA_MAX = 128 * KiB;
/** Bytes given back when a file system that copies on write has no room for a state (R10). */
export const RESERVE_SIZE = 256 * KiB;
/** Records of an open delta in memory, 40 bytes each; more lie in sorted runs in a file beside it. */
const RECORDS_IN_MEMORY = 32_768;
/** Sorted runs that are merged at once, with one page of each in memory. */
const RUNS_MERGED = 64;
/** Records in one page of a sorted run. */
export const RUN_PAGE_RECORDS = 512;
/** Bytes of index pages and contents that one cache keeps (R5). */
export const CACHE_BYTES = 8 * MiB;
/** Old contents in one entry of an undo file, in bytes: what a small read of a view costs. */
export const UNDO_PIECE = 64 * KiB;
/** Undo files that are merged at once: their pages fit into the cache together. */
const MERGED_AT_ONCE = 32;
/** Entries in one page of an index, and lines in one page of its directory. */
const PAGE_ENTRIES = 1024;
/** Bytes of what a delta or an undo file says about itself. */
export const METADATA_MAX = 128 * KiB;
/** Durable holds of one machine. */
export const HOLDS_MAX = 256;

/** Bytes of a listed point in the state, at most: for itself, and for each disk. */
const POINT_BYTES = 320;
const POINT_BYTES_PER_DISK = 88;

/**
 * How many points of a machine with `disks` disks may be listed, of the room that a state has for them:
 * three quarters for what retention keeps; an eighth each for points whose undo files wait to be merged,
 * and for what is staged meanwhile.
 */
export function pointBounds(disks: number): { readonly kept: number; readonly waiting: number } {
  const room = STATE_CAPACITY - STATE_SLACK - EXTRA_MAX;
  const most = Math.min(
    POINTS_MAX / 2,
    Math.floor(room / (POINT_BYTES + POINT_BYTES_PER_DISK * disks)),
  );
  return { kept: Math.floor((most * 3) / 4), waiting: Math.floor(most / 8) };
}

/** What bounds memory, whatever a delta or a disk holds; tests and scale models have smaller ones. */
export interface HistoryBounds {
  /** Records of an open delta in memory. */
  readonly recordsInMemory: number;
  /** Sorted runs merged at once. */
  readonly runsMerged: number;
  /** Entries in one page of an index, and lines in one page of its directory: part of the format. */
  readonly pageEntries: number;
  /** Undo files that one merge takes, with a page of each in memory. */
  readonly mergedAtOnce: number;
  /** Points that are gone and may wait to be merged, where the state has room for so many. */
  readonly waiting: number;
  /** Bytes that the delta of a small machine may have in any case. */
  readonly deltaSpare: number;
}

/** The bounds of every real replica. */
export const HISTORY_BOUNDS: HistoryBounds = {
  recordsInMemory: RECORDS_IN_MEMORY,
  runsMerged: RUNS_MERGED,
  pageEntries: PAGE_ENTRIES,
  mergedAtOnce: MERGED_AT_ONCE,
  waiting: POINTS_MAX,
  deltaSpare: 1 * GiB,
};

/**
 * Bytes of one open delta, at most, `overhead` being those of a record beside its content. A delta needs
 * every block once; one that goes on over several cuts has those again that were written again (C4).
 */
export function deltaBytesMax(
  sizes: readonly number[],
  blockSize: number,
  overhead: number,
  { deltaSpare }: HistoryBounds,
): number {
  const once = sizes.reduce((sum, size) => sum + size + (size / blockSize) * overhead, 0);
  return DELTA_REPEATS_MAX * once + deltaSpare;
}

/** How often a delta may have every block. */
const DELTA_REPEATS_MAX = 4;

assert(EXTRA_MAX + 64 * KiB <= STATE_SLACK, "The document fits beside the points");
assert(pointBounds(DISKS_MAX).waiting >= 2, "Two points of any machine may wait to be merged");
assert(EXTENT_SIZE_MAX * 4 <= CACHE_BYTES, "A few extents fit into the cache");
