/**
 * The client's side of the handshake.
 *
 * @module
 */

import { type Failed, peerFailure } from "../../core/base/failure.ts";
import { decodeUtf8, encodeUtf8 } from "../../core/base/utf8.ts";
import type { ExportEntry } from "./export.ts";
import type { Input } from "./input.ts";
import {
  BASE_ALLOCATION,
  FLAG_FIXED_NEWSTYLE,
  FLAG_NO_ZEROES,
  IHAVEOPT,
  INFO,
  NBDMAGIC,
  OPT,
  OPTION_DATA_MAX,
  OPTION_HEAD_SIZE,
  OPTION_REPLY_HEAD_SIZE,
  OPTION_REPLY_MAGIC,
  REP,
} from "./protocol.ts";
import type { Stream } from "./session.ts";

/** What the server said of an export. */
export interface ExportInfo {
  /** Bytes. */
  readonly size: number;
  /** `EXPORT_FLAG` bits. */
  readonly flags: number;
  /** The id of `base:allocation` on this connection; `undefined` when the server has it not. */
  readonly allocation: number | undefined;
}

interface OptionReply {
  readonly type: number;
  readonly data: Uint8Array;
}

/** The failure for a server that does not keep to the protocol. */
export function broken(what: string): Failed {
  return peerFailure(
    "malformed",
    `The NBD server broke the protocol: ${what}`,
    "Check that an NBD server listens at that address",
  );
}

/** The failure for a server that went away. */
export function lost(): Failed {
  return peerFailure(
    "connection-lost",
    "The NBD server closed the connection",
    "Connect again; what was not flushed may have to be written again",
  );
}

/** Receives until `bytes` have arrived in one piece. */
export async function receive(stream: Stream, input: Input, bytes: number): Promise<void> {
  while (input.available < bytes) {
    input.want(bytes);
    const received = await stream.read(input.window()).catch(() => null);
    if (received === null) throw lost();
    input.filled(received);
  }
}

/** Sends all of `bytes`. */
export async function send(stream: Stream, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await stream.write(bytes.subarray(sent));
}

/** Asks options of a server. */
export class ClientHandshake {
  readonly #stream: Stream;
  readonly #input: Input;

  constructor(stream: Stream, input: Input) {
    this.#stream = stream;
    this.#input = input;
  }

  /** Answers the greeting. */
  async begin(): Promise<void> {
    await receive(this.#stream, this.#input, 18);
    const { view } = this.#input.buffer;
    const at = this.#input.start;
    const greeting = [0, 4, 8, 12].map((offset) => view.getUint32(at + offset));
    const flags = view.getUint16(at + 16);
    this.#input.consume(18);
    if (String(greeting) !== String([...NBDMAGIC, ...IHAVEOPT])) throw broken("no greeting");
    if ((flags & FLAG_FIXED_NEWSTYLE) === 0) throw broken("not fixed newstyle");
    const answer = new Uint8Array(4);
    new DataView(answer.buffer).setUint32(0, FLAG_FIXED_NEWSTYLE | (flags & FLAG_NO_ZEROES));
    await send(this.#stream, answer);
  }

  /** The server's exports. */
  async list(): Promise<ExportEntry[]> {
    const entries: ExportEntry[] = [];
    for (const { data } of await this.#ask(OPT.LIST, new Uint8Array(0), REP.SERVER)) {
      if (data.length < 4) throw broken("a short entry in the list");
      const length = new DataView(data.buffer, data.byteOffset).getUint32(0);
      const name = decodeUtf8(data.subarray(4, 4 + length));
      const description = decodeUtf8(data.subarray(4 + length));
      if (name === undefined || description === undefined) throw broken("a name is not UTF-8");
      entries.push({ name, description });
    }
    return entries;
  }

  /** Opens an export with structured replies and `base:allocation`. */
  async open(name: string): Promise<ExportInfo> {
    await this.#ask(OPT.STRUCTURED_REPLY, new Uint8Array(0), REP.ACK);
    const contexts = await this.#ask(
      OPT.SET_META_CONTEXT,
      contextQuery(name, BASE_ALLOCATION),
      REP.META_CONTEXT,
    );
    const context = contexts[0]?.data;
    const allocation = context === undefined || context.length < 4
      ? undefined
      : new DataView(context.buffer, context.byteOffset).getUint32(0);
    for (const { data } of await this.#ask(OPT.GO, goQuery(name), REP.INFO)) {
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      if (data.length !== 12 || view.getUint16(0) !== INFO.EXPORT) continue;
      const size = Number(view.getBigUint64(2));
      return { size, flags: view.getUint16(10), allocation };
    }
    throw broken("no information about the export");
  }

  /** Sends an option and collects the replies of type `wanted` until its acknowledgement. */
  async #ask(option: number, data: Uint8Array, wanted: number): Promise<OptionReply[]> {
    const bytes = new Uint8Array(OPTION_HEAD_SIZE + data.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, IHAVEOPT[0]);
    view.setUint32(4, IHAVEOPT[1]);
    view.setUint32(8, option);
    view.setUint32(12, data.length);
    bytes.set(data, OPTION_HEAD_SIZE);
    await send(this.#stream, bytes);
    const replies: OptionReply[] = [];
    for (;;) {
      const reply = await this.#reply(option);
      if (reply.type === REP.ACK) return replies;
      if (reply.type >= 0x8000_0000) throw refused(option, reply);
      if (reply.type === wanted) replies.push(reply);
    }
  }

  async #reply(option: number): Promise<OptionReply> {
    await receive(this.#stream, this.#input, OPTION_REPLY_HEAD_SIZE);
    const { view } = this.#input.buffer;
    const at = this.#input.start;
    const [magicHigh, magicLow, echoed, type, length] = [0, 4, 8, 12, 16]
      .map((offset) => view.getUint32(at + offset)) as [number, number, number, number, number];
    this.#input.consume(OPTION_REPLY_HEAD_SIZE);
    const isReply = magicHigh === OPTION_REPLY_MAGIC[0] && magicLow === OPTION_REPLY_MAGIC[1];
    if (!isReply || echoed !== option || length > OPTION_DATA_MAX) throw broken("a bad reply");
    await receive(this.#stream, this.#input, length);
    const from = this.#input.start;
    const data = this.#input.buffer.bytes.slice(from, from + length);
    this.#input.consume(length);
    return { type, data };
  }
}

function refused(option: number, { type, data }: OptionReply): Failed {
  const text = decodeUtf8(data) ?? "";
  if (type === REP.ERR_UNKNOWN) {
    return peerFailure(
      "not-found",
      `The NBD server has no such export: ${text}`,
      'Name one of its exports: "nbdinfo --list" shows them',
    );
  }
  return peerFailure(
    "protocol-violation",
    `The NBD server refused option ${option} (0x${type.toString(16)}): ${text}`,
    "Look at the log of that server for why",
  );
}

function goQuery(name: string): Uint8Array {
  const text = encodeUtf8(name);
  const data = new Uint8Array(4 + text.length + 2);
  new DataView(data.buffer).setUint32(0, text.length);
  data.set(text, 4);
  return data;
}

function contextQuery(name: string, query: string): Uint8Array {
  const [text, context] = [encodeUtf8(name), encodeUtf8(query)];
  const data = new Uint8Array(4 + text.length + 8 + context.length);
  const view = new DataView(data.buffer);
  view.setUint32(0, text.length);
  data.set(text, 4);
  view.setUint32(4 + text.length, 1);
  view.setUint32(8 + text.length, context.length);
  data.set(context, 12 + text.length);
  return data;
}
