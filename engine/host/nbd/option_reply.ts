/**
 * Replies to options, as bytes.
 *
 * @module
 */

import { encodeUtf8 } from "../../core/base/utf8.ts";
import { type ExportEntry, exportFlags, type OpenExport } from "./export.ts";
import { BASE_ALLOCATION, INFO, OPTION_REPLY_HEAD_SIZE, OPTION_REPLY_MAGIC } from "./protocol.ts";
import { PAYLOAD_MAX, REP } from "./protocol.ts";

/** The block size that is announced as preferred. */
const PREFERRED_BLOCK_SIZE = 4096;

/** A reply of `type` to `option` with `data`. */
export function optionReply(
  option: number,
  type: number,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const bytes = new Uint8Array(OPTION_REPLY_HEAD_SIZE + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, OPTION_REPLY_MAGIC[0]);
  view.setUint32(4, OPTION_REPLY_MAGIC[1]);
  view.setUint32(8, option);
  view.setUint32(12, type);
  view.setUint32(16, data.length);
  bytes.set(data, OPTION_REPLY_HEAD_SIZE);
  return bytes;
}

/** An error reply whose data is a text for people. */
export function optionError(option: number, type: number, text: string): Uint8Array {
  return optionReply(option, type, encodeUtf8(text));
}

/** One export in the reply to `NBD_OPT_LIST`. */
export function listReply(option: number, entry: ExportEntry): Uint8Array {
  const name = encodeUtf8(entry.name);
  const description = encodeUtf8(entry.description);
  const data = new Uint8Array(4 + name.length + description.length);
  new DataView(data.buffer).setUint32(0, name.length);
  data.set(name, 4);
  data.set(description, 4 + name.length);
  return optionReply(option, REP.SERVER, data);
}

/** The one metadata context, in the reply to an option about them. */
export function contextReply(option: number, id: number): Uint8Array {
  const name = encodeUtf8(BASE_ALLOCATION);
  const data = new Uint8Array(4 + name.length);
  new DataView(data.buffer).setUint32(0, id);
  data.set(name, 4);
  return optionReply(option, REP.META_CONTEXT, data);
}

/** Size and flags of an export, as after `NBD_OPT_EXPORT_NAME` and inside `NBD_INFO_EXPORT`. */
export function sizeAndFlags(opened: OpenExport): Uint8Array {
  const data = new Uint8Array(10);
  const view = new DataView(data.buffer);
  view.setBigUint64(0, BigInt(opened.size));
  view.setUint16(8, exportFlags(opened));
  return data;
}

/** Everything that was asked about an export, before the acknowledgement. */
export function infoReplies(
  option: number,
  opened: OpenExport,
  entry: ExportEntry,
  asked: readonly number[],
): Uint8Array[] {
  const replies = [infoReply(option, INFO.EXPORT, sizeAndFlags(opened))];
  const kinds = new Set(asked);
  if (kinds.has(INFO.NAME)) replies.push(infoReply(option, INFO.NAME, encodeUtf8(entry.name)));
  if (kinds.has(INFO.DESCRIPTION)) {
    replies.push(infoReply(option, INFO.DESCRIPTION, encodeUtf8(entry.description)));
  }
  if (kinds.has(INFO.BLOCK_SIZE)) {
    const data = new Uint8Array(12);
    const view = new DataView(data.buffer);
    view.setUint32(0, 1);
    view.setUint32(4, PREFERRED_BLOCK_SIZE);
    view.setUint32(8, PAYLOAD_MAX);
    replies.push(infoReply(option, INFO.BLOCK_SIZE, data));
  }
  return replies;
}

function infoReply(option: number, kind: number, payload: Uint8Array): Uint8Array {
  const data = new Uint8Array(2 + payload.length);
  new DataView(data.buffer).setUint16(0, kind);
  data.set(payload, 2);
  return optionReply(option, REP.INFO, data);
}
