/**
 * Replies of the transmission phase, put into an `Output`.
 *
 * @module
 */

import { encodeUtf8 } from "../../core/base/utf8.ts";
import type { StatusExtent } from "./commands.ts";
import type { Output } from "./output.ts";
import {
  CHUNK,
  CHUNK_FLAG_DONE,
  CHUNK_HEAD_SIZE,
  SIMPLE_REPLY_MAGIC,
  SIMPLE_REPLY_SIZE,
  STRUCTURED_REPLY_MAGIC,
} from "./protocol.ts";

/** Bytes of an error's text that are sent. */
const MESSAGE_MAX = 1024;
/** The one metadata context's id. */
export const ALLOCATION_CONTEXT = 1;

/** The 64 bits by which a client finds its request again, as two halves. */
export interface Cookie {
  readonly high: number;
  readonly low: number;
}

/** Writes a simple reply's head at `at`. */
export function putSimple(
  view: DataView,
  at: number,
  errno: number,
  high: number,
  low: number,
): void {
  view.setUint32(at, SIMPLE_REPLY_MAGIC);
  view.setUint32(at + 4, errno);
  view.setUint32(at + 8, high);
  view.setUint32(at + 12, low);
}

/** Writes the head of a structured reply's only chunk at `at`. */
export function putChunk(
  view: DataView,
  at: number,
  type: number,
  high: number,
  low: number,
  length: number,
): void {
  view.setUint32(at, STRUCTURED_REPLY_MAGIC);
  view.setUint16(at + 4, CHUNK_FLAG_DONE);
  view.setUint16(at + 6, type);
  view.setUint32(at + 8, high);
  view.setUint32(at + 12, low);
  view.setUint32(at + 16, length);
}

/** Replies without data. */
export function replySimple(output: Output, errno: number, high: number, low: number): void {
  const buffer = output.reserve(SIMPLE_REPLY_SIZE);
  putSimple(buffer.view, buffer.fill - SIMPLE_REPLY_SIZE, errno, high, low);
}

/** Replies with an error that a client can show. */
export function replyError(
  output: Output,
  errno: number,
  message: string,
  high: number,
  low: number,
): void {
  const text = encodeUtf8(message.slice(0, MESSAGE_MAX));
  const size = CHUNK_HEAD_SIZE + 6 + text.length;
  const buffer = output.reserve(size);
  const at = buffer.fill - size;
  putChunk(buffer.view, at, CHUNK.ERROR, high, low, 6 + text.length);
  buffer.view.setUint32(at + CHUNK_HEAD_SIZE, errno);
  buffer.view.setUint16(at + CHUNK_HEAD_SIZE + 4, text.length);
  buffer.bytes.set(text, at + CHUNK_HEAD_SIZE + 6);
}

/** Replies to a structured READ of nothing. */
export function replyNothing(output: Output, high: number, low: number): void {
  const buffer = output.reserve(CHUNK_HEAD_SIZE);
  putChunk(buffer.view, buffer.fill - CHUNK_HEAD_SIZE, CHUNK.NONE, high, low, 0);
}

/** Replies to BLOCK_STATUS. */
export function replyStatus(
  output: Output,
  extents: readonly StatusExtent[],
  high: number,
  low: number,
): void {
  const size = CHUNK_HEAD_SIZE + 4 + 8 * extents.length;
  const buffer = output.reserve(size);
  const { view } = buffer;
  let at = buffer.fill - size;
  putChunk(view, at, CHUNK.BLOCK_STATUS, high, low, size - CHUNK_HEAD_SIZE);
  view.setUint32(at + CHUNK_HEAD_SIZE, ALLOCATION_CONTEXT);
  at += CHUNK_HEAD_SIZE + 4;
  for (const extent of extents) {
    view.setUint32(at, extent.length);
    view.setUint32(at + 4, extent.state);
    at += 8;
  }
}
