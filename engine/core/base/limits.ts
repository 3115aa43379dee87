/**
 * The bounds that parts of the engine share (E6), asserted against each other when this module loads.
 * Those of one part stand beside it: `../wire/limits.ts`, `../history/bounds.ts`.
 *
 * @module
 */

import { assert } from "./assert.ts";
import { GiB, KiB, MiB, MILLISECOND, SECOND, TiB } from "./units.ts";

/** Tracking granularity in bytes; scale models and tests may use others. */
export const BLOCK_SIZE = 4 * KiB;
/** A region of the activity log, in bytes. */
export const REGION_SIZE = 4 * MiB;
/** The largest extent in one data frame, in bytes of disk. */
export const EXTENT_SIZE_MAX = 1 * MiB;
/** The largest payload of any frame: an extent that would not compress, and its header. */
export const FRAME_PAYLOAD_MAX = EXTENT_SIZE_MAX + 4 * KiB;
/** The largest control message, in bytes of canonical JSON. */
export const CONTROL_PAYLOAD_MAX = 256 * KiB;
/** Bytes of data frames in flight to one server before durable progress must come. */
export const SEND_WINDOW_MAX = 16 * MiB;
/** How much a replica stages before it flushes and reports durable progress, in bytes. */
export const PROGRESS_INTERVAL_BYTES = 4 * MiB;
/** Disks of one machine. */
export const DISKS_MAX = 64;
/** Bytes of one disk. */
export const DISK_SIZE_MAX = 64 * TiB;
/** Regions that may be hot at once in one disk's activity log. */
export const ACTIVITY_SLOTS = 65_536;
/** Default bound of one disk's `.cow` file in bytes. */
export const COW_SIZE_DEFAULT = 1 * GiB;
/** Cuts issued since the base that a `.hrl` names; one more and the whole disk is compared. */
export const ISSUED_MAX = 64;
/** How long a gate may stay closed before it opens by itself and the cut fails (C1). */
export const GATE_DEADLINE = 50 * MILLISECOND;
/** Recovery points of one machine. */
export const POINTS_MAX = 4096;
/** Generations in one ancestry as told to a peer. */
export const ANCESTRY_MAX = 256;
/** Silence on a connection after which it is given up. */
export const PEER_SILENCE_MAX = 30 * SECOND;
/** How often an idle connection says that it is alive. */
export const PING_INTERVAL = 5 * SECOND;
/** How long storage may take for a request before it is failed whole (E2): as long as a kernel calls a task hung. */
export const DISK_REQUEST_MAX = 120 * SECOND;
/** The same for what may move as much as memory holds: a flush, zeros, names. */
export const DISK_FLUSH_MAX = 600 * SECOND;
/** How often requests that wait are looked at. */
export const DISK_REQUEST_TICK = 15 * SECOND;
/** How long a server may take to stop in order (E2). */
export const STOP_DEADLINE = 20 * SECOND;
/** Incarnations of one primary that it remembers and presents (L1). */
export const WRITERS_MAX = 64;
/** Connections of one peer to a server. */
export const SESSIONS_PER_PEER_MAX = 16;
/** Connections of all peers to a server. */
export const SESSIONS_MAX = 1024;
/** Initial replications of one server that go on at once, when nobody chose fewer. */
export const TRANSFERS_BOUND = 1024;
/** Machines on one connection. */
export const CHANNELS_MAX = 1024;

assert(REGION_SIZE % BLOCK_SIZE === 0, "A region holds whole blocks");
assert(EXTENT_SIZE_MAX % BLOCK_SIZE === 0, "An extent holds whole blocks");
assert(SEND_WINDOW_MAX >= 2 * PROGRESS_INTERVAL_BYTES, "Sending overlaps acknowledging");
assert(PROGRESS_INTERVAL_BYTES >= EXTENT_SIZE_MAX, "Progress is made with every extent");
assert(DISK_REQUEST_MAX % DISK_REQUEST_TICK === 0, "Requests are given up at a tick");
assert(DISK_FLUSH_MAX >= DISK_REQUEST_MAX, "A flush waits for the writes before it");
assert(PEER_SILENCE_MAX >= 3 * PING_INTERVAL, "One lost ping is not a lost peer");
