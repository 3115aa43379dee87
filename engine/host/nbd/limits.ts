/**
 * Bounds of the NBD server (E6): what a client can make it hold.
 *
 * @module
 */

import { assert } from "../../core/base/assert.ts";
import { KiB, MiB } from "../../core/base/units.ts";
import { PAYLOAD_MAX, REQUEST_SIZE } from "./protocol.ts";

/** Connections of one server; one more is closed at once. */
export const CONNECTIONS_MAX = 1024;
/** How long a handshake may take, in milliseconds. */
export const HANDSHAKE_MILLISECONDS = 30_000;
/** Options in one handshake. */
export const OPTIONS_MAX = 512;
/** Requests of one connection that have begun and are not replied to. */
export const REQUESTS_IN_FLIGHT_MAX = 256;
/** Bytes that one connection holds for requests that are not done; one more may begin below it. */
export const CONNECTION_BYTES_MAX = 64 * MiB;
/** Bytes that all connections hold so; above it each still has one request at a time. */
export const SERVER_BYTES_MAX = 192 * MiB;
/** A receive buffer: holds QEMU's longest write, 2 MiB, with its head. */
export const INPUT_BUFFER_SIZE = 2 * MiB + 4 * KiB;
/** Room in a receive buffer below which the next bytes go to another one. */
export const INPUT_ROOM_MIN = 64 * KiB;
/** A buffer in which replies to small requests are gathered. */
export const REPLY_BATCH_SIZE = 256 * KiB;
/** Data of a read up to this length is gathered with other replies; longer is sent by itself. */
export const GATHERED_READ_MAX = 64 * KiB;
/** Requests of one connection begun before others have their turn. */
export const REQUESTS_PER_TURN_MAX = 1024;
/** Bytes of replies of one connection before others have their turn. */
export const TURN_BYTES_MAX = 8 * MiB;
/** Bytes of zeros written at a time where the disk cannot keep space. */
export const ZERO_STEP = 1 * MiB;
/** How much of a disk one BLOCK_STATUS looks at; the reply may be shorter than what was asked. */
export const BLOCK_STATUS_SPAN = 256 * MiB;
/** Extents in the reply to one BLOCK_STATUS. */
export const BLOCK_STATUS_EXTENTS_MAX = 4096;
/** Bytes in the path of a Unix socket: `sun_path` without its final zero. */
export const SOCKET_PATH_MAX = 107;

assert(CONNECTION_BYTES_MAX >= PAYLOAD_MAX + REQUEST_SIZE, "A connection can hold one request");
assert(GATHERED_READ_MAX * 2 <= REPLY_BATCH_SIZE, "A batch gathers more than one reply");
assert(INPUT_ROOM_MIN > REQUEST_SIZE, "A receive buffer in use has room for a request's head");
