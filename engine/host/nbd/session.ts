/**
 * One client's transmission phase on one export: requests in, replies out.
 *
 * Requests of one chunk of input are served as they are parsed; whatever does not wait is replied to
 * in one send. Requests that wait go on side by side, so that a flush stalls nobody (N3), and are
 * replied to in the order in which they end. How many and how large is bounded; beyond it nothing is
 * read from the client.
 *
 * `stop` is how a client loses its export (N2): what it sent and was not begun is dropped, what was
 * begun is waited for, and nothing of it lands afterwards.
 *
 * @module
 */

// Long because: the hot path of a guest's disk is one loop over one state.

import { setImmediate } from "node:timers";

import { isFailed } from "../../core/base/failure.ts";
import type { Loop } from "../../core/runtime/loop.ts";
import type { Task, Wait } from "../../core/runtime/task.ts";
import { beginTurn } from "../turn.ts";
import type { Budget } from "./budget.ts";
import { blockStatus, durably, objection, zeroTask } from "./commands.ts";
import { adopt, drive, follow, report } from "./drive.ts";
import { errnoOf } from "./errno.ts";
import type { OpenExport } from "./export.ts";
import type { Input, InputBuffer } from "./input.ts";
import {
  CONNECTION_BYTES_MAX,
  GATHERED_READ_MAX,
  REQUESTS_IN_FLIGHT_MAX,
  REQUESTS_PER_TURN_MAX,
  TURN_BYTES_MAX,
} from "./limits.ts";
import { Output, type ReplyBuffer } from "./output.ts";
import {
  CHUNK,
  CHUNK_HEAD_SIZE,
  CMD,
  CMD_FLAG,
  ERRNO,
  PAYLOAD_MAX,
  REQUEST_MAGIC,
  REQUEST_SIZE,
  SIMPLE_REPLY_SIZE,
} from "./protocol.ts";
import {
  putChunk,
  putSimple,
  replyError,
  replyNothing,
  replySimple,
  replyStatus,
} from "./reply.ts";

/** The bytes of a connection, both ways. */
export interface Stream {
  /** Receives into `bytes`: how many, or `null` at the end. */
  read(bytes: Uint8Array): Promise<number | null>;
  /** Sends the first bytes and says how many they were. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends it at once, both ways. */
  close(): void;
}

/** What was agreed in the handshake. */
export interface Agreement {
  /** The export's name. */
  readonly name: string;
  /** Structured replies were agreed. */
  readonly structured: boolean;
  /** `base:allocation` was agreed. */
  readonly allocation: boolean;
}

/** What a session works with. */
export interface SessionParts {
  readonly loop: Loop;
  readonly stream: Stream;
  /** Bytes received behind the handshake are in it. */
  readonly input: Input;
  readonly budget: Budget;
  readonly opened: OpenExport;
  readonly agreement: Agreement;
  /** Whether every change is flushed before it is acknowledged (N1). */
  readonly writeThrough: boolean;
}

/** Serves requests until the client goes or is dropped. */
export class Session {
  readonly #parts: SessionParts;
  readonly #input: Input;
  readonly #output: Output;
  readonly #opened: OpenExport;
  readonly #structured: boolean;
  readonly #readHead: number;
  #inFlight = 0;
  /** Bytes of requests in flight, not counting replies. */
  #held = 0;
  /** What this session has put into the budget. */
  #charged = 0;
  /** Payload bytes of a refused write that are yet to be thrown away. */
  #skip = 0;
  /** No more requests are begun. */
  #ending = false;
  #flushSoon = false;
  #resume: (() => void) | undefined;
  #drained: (() => void)[] = [];

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#input = parts.input;
    this.#opened = parts.opened;
    this.#structured = parts.agreement.structured;
    this.#readHead = this.#structured ? CHUNK_HEAD_SIZE + 8 : SIMPLE_REPLY_SIZE;
    this.#output = new Output(parts.stream, () => this.#moved(), () => this.#end());
  }

  /** Serves until the client disconnects, breaks the protocol, or `stop` is called. */
  async serve(): Promise<void> {
    while (await this.#turn());
    this.#end();
    await this.#whenDrained();
    await this.#output.idle();
    this.#charge();
  }

  /** Drops the client: nothing more is begun; returns when all that was begun has ended. */
  async stop(): Promise<void> {
    this.#end();
    this.#parts.stream.close();
    await this.#whenDrained();
  }

  /** Serves what has arrived, then receives more; false at the end. */
  async #turn(): Promise<boolean> {
    const all = this.#serveArrived();
    this.#output.flush();
    this.#charge();
    if (this.#ending) return false;
    if (!all) {
      await this.#whenRoom();
      beginTurn();
      return true;
    }
    let received: number | null;
    try {
      received = await this.#parts.stream.read(this.#input.window());
    } catch {
      // The connection was closed under us, by either side: the same as its end.
      return false;
    }
    beginTurn();
    if (received === null) return false;
    this.#input.filled(received);
    return true;
  }

  /** Begins the requests that have arrived; false when some are left for lack of room. */
  #serveArrived(): boolean {
    const input = this.#input;
    const bytesBefore = this.#output.pending;
    for (let count = 0; !this.#ending; count++) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, input.available);
        this.#skip -= skipped;
        input.consume(skipped);
        if (this.#skip > 0) return true;
      }
      if (input.available < REQUEST_SIZE) {
        input.want(REQUEST_SIZE);
        return true;
      }
      if (this.#full() || count === REQUESTS_PER_TURN_MAX) return false;
      if (this.#output.pending - bytesBefore > TURN_BYTES_MAX) return false;
      if (!this.#serveNext(input)) return true;
    }
    return true;
  }

  #full(): boolean {
    if (this.#inFlight >= REQUESTS_IN_FLIGHT_MAX) return true;
    const held = this.#holds();
    if (held === 0) return false;
    return held >= CONNECTION_BYTES_MAX || this.#parts.budget.exhausted;
  }

  /** Begins the request at the front of the input; false when more of it must arrive. */
  #serveNext(input: Input): boolean {
    const view = input.buffer.view;
    const from = input.start;
    if (view.getUint32(from) !== REQUEST_MAGIC) {
      this.#end();
      return false;
    }
    const type = view.getUint16(from + 6);
    const length = view.getUint32(from + 24);
    const payload = type === CMD.WRITE ? length : 0;
    if (payload <= PAYLOAD_MAX && input.available < REQUEST_SIZE + payload) {
      input.want(REQUEST_SIZE + payload);
      return false;
    }
    const flags = view.getUint16(from + 4);
    const high = view.getUint32(from + 8);
    const low = view.getUint32(from + 12);
    // Above 2^53 it is not exact, but it is outside of every disk all the same.
    const at = view.getUint32(from + 16) * 0x1_0000_0000 + view.getUint32(from + 20);
    if (payload > PAYLOAD_MAX) {
      input.consume(REQUEST_SIZE);
      this.#skip = payload;
      this.#refuse(type, ERRNO.EINVAL, high, low);
      return true;
    }
    input.consume(REQUEST_SIZE + payload);
    if (type === CMD.DISC) {
      this.#end();
      return false;
    }
    const errno = objection(this.#opened, type, flags, at, length);
    if (errno !== 0) this.#refuse(type, errno, high, low);
    else if (type === CMD.READ) this.#read(at, length, high, low);
    else if (type === CMD.WRITE) {
      const data = input.buffer.bytes.subarray(
        from + REQUEST_SIZE,
        from + REQUEST_SIZE + payload,
      );
      this.#write(flags, at, data, high, low);
    } else this.#other(type, flags, at, length, high, low);
    return true;
  }

  #refuse(type: number, errno: number, high: number, low: number): void {
    if (!this.#structured || type !== CMD.READ) replySimple(this.#output, errno, high, low);
    else replyError(this.#output, errno, "The request is not valid for this export", high, low);
  }

  #read(at: number, length: number, high: number, low: number): void {
    if (length === 0) {
      if (this.#structured) replyNothing(this.#output, high, low);
      else replySimple(this.#output, 0, high, low);
      return;
    }
    const disk = this.#opened.disk;
    if (disk.readInto === undefined) {
      return this.#readOwned(disk.read(at, length), at, length, high, low);
    }
    const size = this.#readHead + length;
    const buffer = this.#output.reserve(size);
    const start = buffer.fill - size;
    this.#putReadHead(buffer, start, at, length, high, low);
    const task = disk.readInto(at, buffer.bytes.subarray(start + this.#readHead, start + size));
    let step: IteratorResult<Wait, void>;
    try {
      step = task.next();
    } catch (error) {
      report(this.#parts.loop, "nbd/read", error);
      this.#output.unreserve(size);
      return this.#readFailed(error, high, low);
    }
    if (step.done === true) {
      if (length > GATHERED_READ_MAX) this.#output.flush();
      return;
    }
    this.#output.detach(size);
    this.#began(0);
    follow(
      adopt(this.#parts.loop, "nbd/read", task, step.value),
      () => {
        this.#output.sendRegion(buffer, start, size, size);
        this.#ended(0);
      },
      (error) => {
        if (this.#isLost(error)) this.#output.loseRegion(size);
        else this.#output.sendRegion(buffer, start, 0, size);
        this.#readFailed(error, high, low);
        this.#ended(0);
      },
    );
  }

  /** READ from a disk that hands out memory of its own. */
  #readOwned(
    task: Task<Uint8Array>,
    at: number,
    length: number,
    high: number,
    low: number,
  ): void {
    let step: IteratorResult<Wait, Uint8Array>;
    try {
      step = task.next();
    } catch (error) {
      report(this.#parts.loop, "nbd/read", error);
      return this.#readFailed(error, high, low);
    }
    if (step.done === true) {
      this.#replyData(step.value, at, high, low);
      if (length > GATHERED_READ_MAX) this.#output.flush();
      return;
    }
    this.#began(length);
    follow(
      adopt(this.#parts.loop, "nbd/read", task, step.value),
      (data) => {
        this.#replyData(data, at, high, low);
        this.#ended(length);
      },
      (error) => {
        this.#readFailed(error, high, low);
        this.#ended(length);
      },
    );
  }

  #replyData(data: Uint8Array, at: number, high: number, low: number): void {
    const gathered = data.length <= GATHERED_READ_MAX;
    const size = this.#readHead + (gathered ? data.length : 0);
    const buffer = this.#output.reserve(size);
    const start = buffer.fill - size;
    this.#putReadHead(buffer, start, at, data.length, high, low);
    if (gathered) buffer.bytes.set(data, start + this.#readHead);
    else this.#output.sendBytes(data);
  }

  #putReadHead(
    buffer: ReplyBuffer,
    start: number,
    at: number,
    length: number,
    high: number,
    low: number,
  ): void {
    const { view } = buffer;
    if (!this.#structured) return putSimple(view, start, 0, high, low);
    putChunk(view, start, CHUNK.OFFSET_DATA, high, low, 8 + length);
    view.setUint32(start + CHUNK_HEAD_SIZE, Math.floor(at / 0x1_0000_0000));
    view.setUint32(start + CHUNK_HEAD_SIZE + 4, at >>> 0);
  }

  #readFailed(error: unknown, high: number, low: number): void {
    const errno = errnoOf(error);
    if (!this.#structured) return replySimple(this.#output, errno, high, low);
    const message = error instanceof Error ? error.message : "";
    replyError(this.#output, errno, message, high, low);
  }

  /** WRITE: the payload stays in the input, which is pinned if the disk has to wait. */
  #write(flags: number, at: number, data: Uint8Array, high: number, low: number): void {
    let task = this.#opened.disk.write(at, data);
    if (this.#isDurable(flags)) task = durably(task, this.#opened.disk);
    const output = this.#output;
    let step: IteratorResult<Wait, void>;
    try {
      step = task.next();
    } catch (error) {
      report(this.#parts.loop, "nbd/write", error);
      return replySimple(output, errnoOf(error), high, low);
    }
    if (step.done === true) return replySimple(output, 0, high, low);
    const pinned: InputBuffer = this.#input.pin();
    this.#began(data.length);
    const ended = (errno: number): void => {
      replySimple(output, errno, high, low);
      this.#ended(data.length);
    };
    follow(
      adopt(this.#parts.loop, "nbd/write", task, step.value),
      () => {
        this.#input.unpin(pinned);
        ended(0);
      },
      (error) => {
        if (!this.#isLost(error)) this.#input.unpin(pinned);
        ended(errnoOf(error));
      },
    );
  }

  /**
   * Whether a request was given up while the kernel has it (E2), with the memory that it works on: that is
   * never used again, and the client goes, with all that was begun in its buffers.
   */
  #isLost(error: unknown): boolean {
    if (!isFailed(error, "timed-out")) return false;
    this.#end();
    return true;
  }

  /** Every command but READ, WRITE and DISC. */
  #other(
    type: number,
    flags: number,
    at: number,
    length: number,
    high: number,
    low: number,
  ): void {
    const output = this.#output;
    const failed = (error: unknown): void => replySimple(output, errnoOf(error), high, low);
    const succeeded = (): void => replySimple(output, 0, high, low);
    const { disk } = this.#opened;
    if (type === CMD.CACHE) return succeeded();
    if (type === CMD.FLUSH) {
      return this.#begin("nbd/flush", disk.flush(), 0, succeeded, failed);
    }
    if (type === CMD.BLOCK_STATUS) {
      if (!this.#parts.agreement.allocation) {
        return replySimple(output, ERRNO.EINVAL, high, low);
      }
      const task = blockStatus(disk, at, length, (flags & CMD_FLAG.REQ_ONE) !== 0);
      return this.#begin(
        "nbd/status",
        task,
        0,
        (extents) => replyStatus(output, extents, high, low),
        failed,
      );
    }
    let task = zeroTask(disk, type === CMD.TRIM ? 0 : flags, at, length);
    if (this.#isDurable(flags)) task = durably(task, disk);
    this.#begin("nbd/zero", task, 0, succeeded, failed);
  }

  #isDurable(flags: number): boolean {
    return this.#parts.writeThrough || (flags & CMD_FLAG.FUA) !== 0;
  }

  #begin<T>(
    name: string,
    task: Task<T>,
    bytes: number,
    succeeded: (value: T) => void,
    failed: (error: unknown) => void,
  ): void {
    this.#began(bytes);
    drive(this.#parts.loop, name, task, (value) => {
      succeeded(value);
      this.#ended(bytes);
    }, (error) => {
      failed(error);
      this.#ended(bytes);
    });
  }

  #began(bytes: number): void {
    this.#inFlight++;
    this.#held += bytes;
  }

  #ended(bytes: number): void {
    this.#inFlight--;
    this.#held -= bytes;
    this.#sendSoon();
    if (this.#inFlight > 0) return;
    const drained = this.#drained;
    this.#drained = [];
    for (const resolve of drained) resolve();
  }

  /** Sends once for all requests that end in this turn of the loop. */
  #sendSoon(): void {
    if (this.#flushSoon) return;
    this.#flushSoon = true;
    queueMicrotask(() => {
      this.#flushSoon = false;
      this.#output.flush();
      this.#moved();
    });
  }

  #moved(): void {
    this.#charge();
    const resume = this.#resume;
    if (resume === undefined || this.#full()) return;
    this.#resume = undefined;
    resume();
  }

  #end(): void {
    this.#ending = true;
    this.#resume?.();
    this.#resume = undefined;
  }

  /** Brings the budget up to date with what this session holds. */
  #charge(): void {
    const held = this.#holds();
    this.#parts.budget.used += held - this.#charged;
    this.#charged = held;
  }

  #holds(): number {
    return this.#held + this.#output.pending + this.#input.held;
  }

  /** Waits until more can be begun, and at least until other connections had their turn. */
  #whenRoom(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#full()) this.#resume = resolve;
      else setImmediate(resolve);
    });
  }

  #whenDrained(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }
}
