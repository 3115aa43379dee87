/**
 * Bounds of a session's queues and deadlines, asserted against the engine's limits (E6).
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import {
  CONTROL_PAYLOAD_MAX,
  FRAME_PAYLOAD_MAX,
  PEER_SILENCE_MAX,
  PING_INTERVAL,
  SEND_WINDOW_MAX,
} from "../base/limits.ts";
import { MiB, SECOND } from "../base/units.ts";
import { FRAME_HEADER_SIZE } from "./frame.ts";

/** How long a peer may take to say hello. */
export const HELLO_TIMEOUT = 10 * SECOND;
/** How long an orderly end waits for its bye to be read. */
export const BYE_TIMEOUT = 2 * SECOND;
/** Bytes of frames waiting for the connection; who sends more waits. */
export const OUTBOX_MAX = 2 * MiB;
/** Cost of control messages received and not taken yet, of all channels of a session. */
export const CONTROL_INBOX_MAX = 4 * MiB;
/** The least a frame counts for: what it takes to remember that it is there. */
export const FRAME_COST_MIN = 512;
/** Frames shorter than this are written together. */
export const COALESCE_MAX = 64 * 1024;

/** What a frame with `length` bytes of payload takes of windows and queues, the same at both ends. */
export function frameCost(length: number): number {
  return Math.max(FRAME_COST_MIN, FRAME_HEADER_SIZE + length);
}

assert(frameCost(FRAME_PAYLOAD_MAX) <= SEND_WINDOW_MAX, "Every frame fits the window");
assert(frameCost(CONTROL_PAYLOAD_MAX) <= CONTROL_INBOX_MAX, "Every message fits the inbox");
assert(PEER_SILENCE_MAX % PING_INTERVAL === 0, "Silence is counted in intervals of pings");
