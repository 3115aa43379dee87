/**
 * A small NBD client: what the demo writes through, and what tests talk to a server with.
 *
 * Any number of requests may be under way; they are sent in the order of the calls. Every request
 * that was under way when the connection ends fails with `connection-lost`: whether it was done is
 * then unknown.
 *
 * @module
 */

import type { Failed } from "../../core/base/failure.ts";
import { decodeUtf8 } from "../../core/base/utf8.ts";
import type { StatusExtent } from "./commands.ts";
import {
  broken,
  ClientHandshake,
  type ExportInfo,
  lost,
  receive,
  send,
} from "./client_handshake.ts";
import { dial, failureOf, requestHead } from "./client_parts.ts";
import type { ExportEntry } from "./export.ts";
import { Input } from "./input.ts";
import {
  CHUNK,
  CHUNK_FLAG_DONE,
  CHUNK_HEAD_SIZE,
  CMD,
  CMD_FLAG,
  EXPORT_FLAG,
  PAYLOAD_MAX,
  SIMPLE_REPLY_MAGIC,
  SIMPLE_REPLY_SIZE,
  STRUCTURED_REPLY_MAGIC,
} from "./protocol.ts";
import type { Stream } from "./session.ts";
import { parseNbdUri } from "./uri.ts";

/** How a change is to be made. */
export interface ChangeOptions {
  /** Durable before it is acknowledged. */
  readonly fua?: boolean;
  /** WRITE_ZEROES alone: keep the space. */
  readonly noHole?: boolean;
  /** WRITE_ZEROES alone: fail rather than be slow. */
  readonly fast?: boolean;
}

interface Pending {
  readonly type: number;
  readonly at: number;
  /** READ: the data, filled as it arrives. */
  readonly data: Uint8Array | undefined;
  extents: StatusExtent[];
  failure: Failed | undefined;
  readonly resolve: (pending: Pending) => void;
  readonly reject: (error: Error) => void;
}

/** A connection to one export. */
export class NbdClient {
  /** Bytes of the export. */
  readonly size: number;
  /** What it can do: `EXPORT_FLAG` bits. */
  readonly flags: number;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #stream: Stream;
  readonly #input: Input;
  readonly #allocation: number | undefined;
  readonly #pending = new Map<number, Pending>();
  #sending: Promise<void> = Promise.resolve();
  #nextCookie = 1;
  #ended = false;

  /** Made by `connect` alone. */
  private constructor(stream: Stream, input: Input, info: ExportInfo) {
    this.#stream = stream;
    this.#input = input;
    this.size = info.size;
    this.flags = info.flags;
    this.#allocation = info.allocation;
    this.closed = this.#receiveAll();
  }

  /** Connects to the export that `uri` names; see `nbdUri`. */
  static async connect(uri: string): Promise<NbdClient> {
    const { address, name } = parseNbdUri(uri);
    const stream = await dial(address);
    const input = new Input();
    try {
      const handshake = new ClientHandshake(stream, input);
      await handshake.begin();
      return new NbdClient(stream, input, await handshake.open(name));
    } catch (error) {
      stream.close();
      throw error;
    }
  }

  /** The exports of the server that `uri` names. */
  static async list(uri: string): Promise<ExportEntry[]> {
    const stream = await dial(parseNbdUri(uri).address);
    try {
      const handshake = new ClientHandshake(stream, new Input());
      await handshake.begin();
      return await handshake.list();
    } finally {
      stream.close();
    }
  }

  /** Whether writes are refused. */
  get readOnly(): boolean {
    return (this.flags & EXPORT_FLAG.READ_ONLY) !== 0;
  }

  /** Requests that are not replied to. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /** Reads `length` bytes at `at`. */
  async read(at: number, length: number): Promise<Uint8Array> {
    const { data } = await this.#request(CMD.READ, 0, at, length);
    return data as Uint8Array;
  }

  /** Writes `data`, which must not change until this returns, at `at`. */
  async write(at: number, data: Uint8Array, options: ChangeOptions = {}): Promise<void> {
    await this.#request(CMD.WRITE, flagsOf(options), at, data.length, data);
  }

  /** WRITE_ZEROES. */
  async zero(at: number, length: number, options: ChangeOptions = {}): Promise<void> {
    await this.#request(CMD.WRITE_ZEROES, flagsOf(options), at, length);
  }

  /** TRIM. */
  async trim(at: number, length: number, options: ChangeOptions = {}): Promise<void> {
    await this.#request(CMD.TRIM, flagsOf(options), at, length);
  }

  /** Makes every write that was acknowledged durable. */
  async flush(): Promise<void> {
    await this.#request(CMD.FLUSH, 0, 0, 0);
  }

  /** CACHE. */
  async cache(at: number, length: number): Promise<void> {
    await this.#request(CMD.CACHE, 0, at, length);
  }

  /** The states of the front of a range, or with `one` of its first extent alone. */
  async blockStatus(at: number, length: number, one = false): Promise<readonly StatusExtent[]> {
    const flags = one ? CMD_FLAG.REQ_ONE : 0;
    return (await this.#request(CMD.BLOCK_STATUS, flags, at, length)).extents;
  }

  /** A command of any kind, for tests that mean to be refused. */
  async command(type: number, flags: number, at: number, length: number): Promise<void> {
    await this.#request(type, flags, at, length);
  }

  /** Says goodbye and ends the connection, after the requests under way. */
  async disconnect(): Promise<void> {
    const goodbye = requestHead(CMD.DISC, 0, 0, 0, 0);
    this.#sending = this.#sending.then(() => send(this.#stream, goodbye)).catch(() => {});
    await this.#sending;
    await this.closed;
  }

  /** Ends the connection at once. */
  close(): void {
    this.#stream.close();
  }

  #request(
    type: number,
    flags: number,
    at: number,
    length: number,
    payload?: Uint8Array,
  ): Promise<Pending> {
    if (this.#ended) return Promise.reject(lost());
    const cookie = this.#nextCookie;
    this.#nextCookie = (this.#nextCookie + 1) >>> 0;
    const isRead = type === CMD.READ && length <= PAYLOAD_MAX;
    const data = isRead ? new Uint8Array(length) : undefined;
    const replied = new Promise<Pending>((resolve, reject) => {
      const failure = undefined;
      this.#pending.set(cookie, { type, at, data, extents: [], failure, resolve, reject });
    });
    const head = requestHead(type, flags, cookie, at, length);
    this.#sending = this.#sending.then(async () => {
      await send(this.#stream, head);
      if (payload !== undefined) await send(this.#stream, payload);
    }).catch(() => this.#stream.close());
    return replied;
  }

  async #receiveAll(): Promise<void> {
    let reason: Error = lost();
    try {
      for (;;) await this.#receiveReply();
    } catch (error) {
      reason = error instanceof Error ? error : reason;
    }
    this.#ended = true;
    this.#stream.close();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  async #receiveReply(): Promise<void> {
    await receive(this.#stream, this.#input, SIMPLE_REPLY_SIZE);
    const { view } = this.#input.buffer;
    const at = this.#input.start;
    const magic = view.getUint32(at);
    const cookie = view.getUint32(at + 12);
    if (magic === SIMPLE_REPLY_MAGIC) {
      const errno = view.getUint32(at + 4);
      this.#input.consume(SIMPLE_REPLY_SIZE);
      this.#settle(cookie, errno === 0 ? undefined : failureOf(errno));
    } else if (magic === STRUCTURED_REPLY_MAGIC) await this.#receiveChunk(cookie);
    else throw broken("a reply without its magic number");
  }

  async #receiveChunk(cookie: number): Promise<void> {
    await receive(this.#stream, this.#input, CHUNK_HEAD_SIZE);
    const head = this.#input.buffer.view;
    const from = this.#input.start;
    const last = (head.getUint16(from + 4) & CHUNK_FLAG_DONE) !== 0;
    const type = head.getUint16(from + 6);
    const length = head.getUint32(from + 16);
    if (length > PAYLOAD_MAX + 8) throw broken("a chunk that is too long");
    this.#input.consume(CHUNK_HEAD_SIZE);
    await receive(this.#stream, this.#input, length);
    const { bytes } = this.#input.buffer;
    const start = this.#input.start;
    const pending = this.#pending.get(cookie);
    if (pending === undefined) throw broken("a reply to no request");
    this.#takeChunk(pending, type, bytes.subarray(start, start + length));
    this.#input.consume(length);
    if (last) this.#settle(cookie, pending.failure);
  }

  #takeChunk(pending: Pending, type: number, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (type === CHUNK.NONE) return;
    if (type >= CHUNK.ERROR && bytes.length >= 6) {
      const text = decodeUtf8(bytes.subarray(6, 6 + view.getUint16(4)));
      pending.failure = failureOf(view.getUint32(0), text);
    } else if (type === CHUNK.OFFSET_DATA && bytes.length >= 8) {
      const offset = Number(view.getBigUint64(0)) - pending.at;
      const room = pending.data?.length ?? 0;
      if (offset < 0 || offset + bytes.length - 8 > room) throw broken("data out of place");
      pending.data?.set(bytes.subarray(8), offset);
    } else if (type === CHUNK.BLOCK_STATUS && bytes.length >= 4) {
      if (view.getUint32(0) !== this.#allocation) throw broken("a context nobody asked for");
      for (let at = 4; at + 8 <= bytes.length; at += 8) {
        pending.extents.push({ length: view.getUint32(at), state: view.getUint32(at + 4) });
      }
    } else if (type !== CHUNK.OFFSET_HOLE) throw broken(`a chunk of type ${type}`);
  }

  #settle(cookie: number, failure: Failed | undefined): void {
    const pending = this.#pending.get(cookie);
    if (pending === undefined) throw broken("a reply to no request");
    this.#pending.delete(cookie);
    if (failure === undefined) pending.resolve(pending);
    else pending.reject(failure);
  }
}

function flagsOf({ fua, noHole, fast }: ChangeOptions): number {
  return (fua === true ? CMD_FLAG.FUA : 0) | (noHole === true ? CMD_FLAG.NO_HOLE : 0) |
    (fast === true ? CMD_FLAG.FAST_ZERO : 0);
}
