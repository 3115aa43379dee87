/**
 * The handshake of one connection: options until the client has chosen an export or goes.
 *
 * Bounded in time by whoever closes the stream, and in work by `OPTIONS_MAX` and `OPTION_DATA_MAX`.
 * What the client sent behind its last option stays in the input, for the session.
 *
 * @module
 */

import type { ExportSource, OpenExport } from "./export.ts";
import type { Input } from "./input.ts";
import { OPTIONS_MAX } from "./limits.ts";
import {
  type ContextRequest,
  exportName,
  parseContextRequest,
  parseExportRequest,
} from "./option.ts";
import {
  contextReply,
  infoReplies,
  listReply,
  optionError,
  optionReply,
  sizeAndFlags,
} from "./option_reply.ts";
import {
  BASE_ALLOCATION,
  FLAG_FIXED_NEWSTYLE,
  FLAG_NO_ZEROES,
  IHAVEOPT,
  NBDMAGIC,
  OPT,
  OPTION_DATA_MAX,
  OPTION_HEAD_SIZE,
  REP,
} from "./protocol.ts";
import { ALLOCATION_CONTEXT } from "./reply.ts";
import type { Agreement, Stream } from "./session.ts";

/** What a handshake ended with. */
export interface Agreed {
  readonly agreement: Agreement;
  readonly opened: OpenExport;
}

/** Zero bytes after the reply to `NBD_OPT_EXPORT_NAME` for clients that insist on them. */
const EXPORT_NAME_PADDING = 124;

/** Talks a client through the handshake. */
export class Handshake {
  readonly #stream: Stream;
  readonly #input: Input;
  readonly #exports: ExportSource;
  readonly #admit: (name: string) => Promise<OpenExport | undefined>;
  #structured = false;
  /** The export for which `base:allocation` was agreed. */
  #allocationOf: string | undefined;
  #noZeroes = false;

  /**
   * `admit` makes this the export's client, which may mean to wait until another one is gone (N2);
   * it gives the export as it is after that, or `undefined` when it cannot be had any more.
   */
  constructor(
    stream: Stream,
    input: Input,
    exports: ExportSource,
    admit: (name: string) => Promise<OpenExport | undefined>,
  ) {
    this.#stream = stream;
    this.#input = input;
    this.#exports = exports;
    this.#admit = admit;
  }

  /** Runs to the start of transmission; `undefined` when the client went or broke the protocol. */
  async run(): Promise<Agreed | undefined> {
    await this.#send([greeting()]);
    if (!await this.#need(4)) return undefined;
    const flags = this.#input.buffer.view.getUint32(this.#input.start);
    this.#input.consume(4);
    if ((flags & ~(FLAG_FIXED_NEWSTYLE | FLAG_NO_ZEROES)) !== 0) return undefined;
    this.#noZeroes = (flags & FLAG_NO_ZEROES) !== 0;
    for (let count = 0; count < OPTIONS_MAX; count++) {
      const result = await this.#option();
      if (result === "gone") return undefined;
      if (result !== "next") return result;
    }
    return undefined;
  }

  async #option(): Promise<Agreed | "next" | "gone"> {
    if (!await this.#need(OPTION_HEAD_SIZE)) return "gone";
    const view = this.#input.buffer.view;
    const at = this.#input.start;
    if (view.getUint32(at) !== IHAVEOPT[0] || view.getUint32(at + 4) !== IHAVEOPT[1]) return "gone";
    const option = view.getUint32(at + 8);
    const length = view.getUint32(at + 12);
    this.#input.consume(OPTION_HEAD_SIZE);
    if (length > OPTION_DATA_MAX) {
      if (option === OPT.EXPORT_NAME || !await this.#skip(length)) return "gone";
      return await this.#answer([optionError(option, REP.ERR_TOO_BIG, "Too long for an option")]);
    }
    if (!await this.#need(length)) return "gone";
    // A copy: what an option says is used after more has been received.
    const data = this.#input.buffer.bytes.slice(this.#input.start, this.#input.start + length);
    this.#input.consume(length);
    return await this.#serve(option, data);
  }

  async #serve(option: number, data: Uint8Array): Promise<Agreed | "next" | "gone"> {
    switch (option) {
      case OPT.EXPORT_NAME:
        return await this.#exportName(data);
      case OPT.ABORT:
        await this.#send([optionReply(option, REP.ACK)]);
        return "gone";
      case OPT.LIST:
        return await this.#answer(this.#list(data));
      case OPT.INFO:
      case OPT.GO:
        return await this.#infoOrGo(option, data);
      case OPT.STRUCTURED_REPLY:
        if (data.length > 0) return await this.#answer([invalid(option)]);
        this.#structured = true;
        return await this.#answer([optionReply(option, REP.ACK)]);
      case OPT.LIST_META_CONTEXT:
      case OPT.SET_META_CONTEXT:
        return await this.#answer(this.#contexts(option, data));
      default:
        // Among them STARTTLS: whoever needs privacy uses a Unix socket or a tunnel.
        return await this.#answer([optionError(option, REP.ERR_UNSUP, "Not supported")]);
    }
  }

  async #exportName(data: Uint8Array): Promise<Agreed | "gone"> {
    const name = exportName(data);
    // This option has no way to say no but to hang up.
    if (name === undefined || this.#exports.open(name) === undefined) return "gone";
    const opened = await this.#admit(name);
    if (opened === undefined) return "gone";
    const padding = new Uint8Array(this.#noZeroes ? 0 : EXPORT_NAME_PADDING);
    await this.#send([sizeAndFlags(opened), padding]);
    return this.#agreed(name, opened);
  }

  #list(data: Uint8Array): Uint8Array[] {
    if (data.length > 0) return [invalid(OPT.LIST)];
    const replies = this.#exports.list().map((entry) => listReply(OPT.LIST, entry));
    return [...replies, optionReply(OPT.LIST, REP.ACK)];
  }

  async #infoOrGo(option: number, data: Uint8Array): Promise<Agreed | "next" | "gone"> {
    const request = parseExportRequest(data);
    if (request === undefined) return await this.#answer([invalid(option)]);
    const { name } = request;
    let opened = this.#exports.open(name);
    if (opened !== undefined && option === OPT.GO) opened = await this.#admit(name);
    if (opened === undefined) return await this.#answer([unknown(option)]);
    const description = this.#exports.list().find((entry) => entry.name === name)?.description;
    const entry = { name, description: description ?? "" };
    await this.#send([
      ...infoReplies(option, opened, entry, request.infos),
      optionReply(option, REP.ACK),
    ]);
    return option === OPT.GO ? this.#agreed(name, opened) : "next";
  }

  #contexts(option: number, data: Uint8Array): Uint8Array[] {
    const request = parseContextRequest(data);
    if (request === undefined || !this.#structured) return [invalid(option)];
    if (this.#exports.open(request.name) === undefined) return [unknown(option)];
    const replies: Uint8Array[] = [];
    const setting = option === OPT.SET_META_CONTEXT;
    if (setting) this.#allocationOf = undefined;
    if (asksForAllocation(request, setting)) {
      replies.push(contextReply(option, setting ? ALLOCATION_CONTEXT : 0));
      if (setting) this.#allocationOf = request.name;
    }
    return [...replies, optionReply(option, REP.ACK)];
  }

  #agreed(name: string, opened: OpenExport): Agreed {
    const allocation = this.#allocationOf === name;
    return { agreement: { name, structured: this.#structured, allocation }, opened };
  }

  async #answer(replies: readonly Uint8Array[]): Promise<"next"> {
    await this.#send(replies);
    return "next";
  }

  /** Sends `parts` as one. */
  async #send(parts: readonly Uint8Array[]): Promise<void> {
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    for (let sent = 0; sent < bytes.length;) sent += await this.#stream.write(bytes.subarray(sent));
  }

  /** Receives until `bytes` have arrived; false when the client goes first. */
  async #need(bytes: number): Promise<boolean> {
    while (this.#input.available < bytes) {
      this.#input.want(bytes);
      const received = await this.#stream.read(this.#input.window());
      if (received === null) return false;
      this.#input.filled(received);
    }
    return true;
  }

  /** Throws away what is too long to be looked at. */
  async #skip(bytes: number): Promise<boolean> {
    for (let left = bytes; left > 0;) {
      if (!await this.#need(1)) return false;
      const skipped = Math.min(left, this.#input.available);
      this.#input.consume(skipped);
      left -= skipped;
    }
    return true;
  }
}

/** LIST without queries means all, and `base:` the whole name space; SET takes exact names alone. */
function asksForAllocation({ queries }: ContextRequest, setting: boolean): boolean {
  if (queries.includes(BASE_ALLOCATION)) return true;
  return !setting && (queries.length === 0 || queries.includes("base:"));
}

function greeting(): Uint8Array {
  const bytes = new Uint8Array(18);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, NBDMAGIC[0]);
  view.setUint32(4, NBDMAGIC[1]);
  view.setUint32(8, IHAVEOPT[0]);
  view.setUint32(12, IHAVEOPT[1]);
  view.setUint16(16, FLAG_FIXED_NEWSTYLE | FLAG_NO_ZEROES);
  return bytes;
}

function invalid(option: number): Uint8Array {
  return optionError(option, REP.ERR_INVALID, "Malformed or out of place");
}

function unknown(option: number): Uint8Array {
  return optionError(option, REP.ERR_UNKNOWN, "No such export");
}
