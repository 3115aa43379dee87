/**
 * The bounds of one machine's history on a replica (E6).
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import { KiB, MiB } from "../base/units.ts";

/** Bytes of one state file, taken from the file system when the replica is made (R10). */
export const STATE_CAPACITY = 1 * MiB;
/** Bytes of a state file that only a listed point may not use: holds, failover, generation (R10). */
export const STATE_SLACK = 256 * KiB;
/** Bytes of the upper layers' small document. */
export const EXTRA_MAX = 128 * KiB;
/** Bytes given back when a file system that copies on write has no room for a state (R10). */
export const RESERVE_SIZE = 256 * KiB;
/** Records of one delta; a primary that has more seals before it sends on. */
export const DELTA_RECORDS_MAX = 1 << 20;
/** Bytes of index pages and contents that one cache keeps (R5). */
export const CACHE_BYTES = 8 * MiB;
/** Old contents in one entry of an undo file, in bytes: what a small read of a view costs. */
export const UNDO_PIECE = 64 * KiB;
/** Entries in one page of an index. */
export const PAGE_ENTRIES = 1024;
/** Pages of one index. */
export const PAGES_MAX = 65_536;
/** Bytes of what a delta or an undo file says about itself. */
export const METADATA_MAX = 128 * KiB;
/** Durable holds of one machine. */
export const HOLDS_MAX = 256;

assert(EXTRA_MAX + 64 * KiB <= STATE_SLACK, "The document fits beside the points");
assert(EXTENT_SIZE_MAX * 4 <= CACHE_BYTES, "A few extents fit into the cache");
