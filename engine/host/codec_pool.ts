/**
 * The codec of the real world: small work here, large work on two other threads (E5).
 *
 * Rule: bounded. A piece that would hold this thread up for more than about 0.2 ms goes through one
 * of a few slots of shared memory to a worker, in the order of asking; who finds no slot waits.
 * Handing 1 MiB over costs this thread about 0.1 ms, compressing it 2 ms, unpacking it 1.5 ms.
 * Workers start by `warm` or with the first large piece and run until `close`. A worker that fails is not
 * missed: its work is done here.
 *
 * @module
 */

import { BOX_TAG_SIZE, type Codec, DIGEST_SIZE } from "../core/ports/codec.ts";
import type { Box, Kernel, Packed, Unpacked } from "../core/ports/codec.ts";
import type { Token } from "../core/runtime/loop.ts";
import { Signal } from "../core/runtime/signal.ts";
import { suspend, type Task } from "../core/runtime/task.ts";
import { KiB, MiB } from "../core/base/units.ts";
import { type CodecWork, doCodecWork, unpackByRuntime } from "./codec_work.ts";
import type { AwayWork, WorkerAnswer, WorkerRequest } from "./codec_worker.ts";
import { nextTurn, turnIsUp } from "./turn.ts";

/** Bytes from which on work goes to a worker: about 0.2 ms of it. */
const AWAY_MIN: Readonly<Record<AwayWork["kind"], number>> = {
  "compress": 64 * KiB,
  "unpack": 128 * KiB,
  "decompress": 192 * KiB,
  "set-digest": 256 * KiB,
  "block-digests": 256 * KiB,
  "seal": 64 * KiB,
  "open": 128 * KiB,
};
/** Bytes of a slot: an extent of 1 MiB, or the frame of one that would not compress. */
const SLOT_SIZE = MiB + 64 * KiB;
/** Slots of one worker: one in work, one to go on with, and one being filled. */
const SLOTS = 3;

/** How a pool is made. */
export interface CodecPoolOptions {
  /** Threads; 2 unless stated, 0 for none. */
  readonly workers?: number;
  /** Where the program of the workers is, when it is not beside this file. */
  readonly workerUrl?: URL;
  /** Told when a worker failed: it is not used again. */
  readonly onTrouble?: (error: Error) => void;
}

interface Slot {
  readonly memory: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly worker: PoolWorker;
}

/** `Codec` with threads of its own. */
export class CodecPool implements Codec {
  readonly kernel: Kernel;
  readonly #count: number;
  readonly #workerUrl: URL;
  readonly #onTrouble: (error: Error) => void;
  readonly #workers: PoolWorker[] = [];
  readonly #free: Slot[] = [];
  readonly #freed = new Signal();
  #started = false;

  constructor(kernel: Kernel, options: CodecPoolOptions = {}) {
    this.kernel = kernel;
    this.#count = options.workers ?? 2;
    this.#workerUrl = options.workerUrl ?? besideThisFile();
    this.#onTrouble = options.onTrouble ?? (() => {});
  }

  *compress(bytes: Uint8Array, level: 1 | 3): Task<Uint8Array> {
    return (yield* this.#do({ kind: "compress", level }, bytes, bytes.length)) as Uint8Array;
  }

  decompress(frame: Uint8Array, length: number): Task<Uint8Array | undefined> {
    // What the content needs decides, and a frame must fit into a slot as well as its content.
    return this.#do({ kind: "decompress", length }, frame, Math.max(frame.length, length));
  }

  *unpack(packed: Packed): Task<Unpacked | undefined> {
    const { payload, blocks, compressed, length } = packed;
    const here = () => unpackByRuntime(this.kernel, packed);
    // The checksum alone is a matter of microseconds.
    const slow = compressed || blocks !== undefined;
    // The digest has its place behind the content.
    const size = slow ? Math.max(payload.length, length) : 0;
    const fits = size + DIGEST_SIZE <= SLOT_SIZE;
    if (!fits || !this.#isLarge("unpack", size)) return yield* this.#here(here);
    const { checksum } = packed;
    const work = { kind: "unpack", compressed, length, checksum, blocks } as const;
    return yield* this.#away(work, payload, here, (bytes, answer) => ({
      content: compressed ? bytes.slice(0, answer) : payload,
      setDigest: blocks && bytes.slice(SLOT_SIZE - DIGEST_SIZE),
    }));
  }

  *setDigest(at: number, bytes: Uint8Array, blockSize: number): Task<Uint8Array> {
    const work = { kind: "set-digest", at, blockSize } as const;
    return (yield* this.#do(work, bytes, bytes.length)) as Uint8Array;
  }

  *blockDigests(bytes: Uint8Array, blockSize: number): Task<Uint8Array> {
    const work = { kind: "block-digests", blockSize } as const;
    return (yield* this.#do(work, bytes, bytes.length)) as Uint8Array;
  }

  *seal(box: Box, content: Uint8Array): Task<Uint8Array> {
    const size = content.length + BOX_TAG_SIZE;
    return (yield* this.#do({ kind: "seal", box }, content, size)) as Uint8Array;
  }

  open(box: Box, sealed: Uint8Array): Task<Uint8Array | undefined> {
    return this.#do({ kind: "open", box }, sealed, sealed.length);
  }

  /** Ends the threads. Nothing may be in progress. */
  close(): void {
    for (const worker of this.#workers.splice(0)) worker.close();
    this.#free.length = 0;
    this.#started = false;
  }

  #do(work: CodecWork, bytes: Uint8Array, size: number): Task<Uint8Array | undefined> {
    const here = () => doCodecWork(this.kernel, work, bytes);
    if (bytes.length > SLOT_SIZE || !this.#isLarge(work.kind, size)) return this.#here(here);
    return this.#away(work, bytes, here, (slot, answer) => slot.slice(0, answer));
  }

  /** Whether work on `size` bytes is worth a thread, and the bytes fit into a slot. */
  #isLarge(kind: AwayWork["kind"], size: number): boolean {
    return this.#count > 0 && size >= AWAY_MIN[kind] && size <= SLOT_SIZE;
  }

  *#here<T>(work: () => T): Task<T> {
    if (turnIsUp(performance.now())) yield* nextTurn();
    return work();
  }

  /** Has a worker do `work`; `read` takes its result out of the slot. `here` does it without one. */
  *#away<T>(
    work: AwayWork,
    bytes: Uint8Array,
    here: () => T | undefined,
    read: (slot: Uint8Array, answer: number) => T,
  ): Task<T | undefined> {
    this.warm();
    yield* this.#freed.until(() => this.#free.length > 0 || this.#workers.length === 0);
    const slot = this.#free.shift();
    if (slot === undefined) return yield* this.#here(here);
    try {
      slot.bytes.set(bytes);
      const answer = yield* slot.worker.ask({ work, memory: slot.memory, length: bytes.length });
      if (answer === undefined) return here();
      return answer < 0 ? undefined : read(slot.bytes, answer);
    } finally {
      if (slot.worker.alive) this.#free.push(slot);
      this.#freed.notify();
    }
  }

  /** Starts the threads, unless they run: before the first large piece, so that it does not wait. */
  warm(): void {
    if (this.#started) return;
    this.#started = true;
    for (let count = 0; count < this.#count; count++) {
      const lose = (worker: PoolWorker, error: Error) => this.#lose(worker, error);
      this.#workers.push(new PoolWorker(this.#workerUrl, lose));
    }
    // Workers take turns in the list, so that both are at work before either has two pieces.
    for (let count = 0; count < SLOTS; count++) {
      for (const worker of this.#workers) {
        const memory = new SharedArrayBuffer(SLOT_SIZE);
        this.#free.push({ memory, bytes: new Uint8Array(memory), worker });
      }
    }
  }

  #lose(worker: PoolWorker, error: Error): void {
    this.#workers.splice(this.#workers.indexOf(worker), 1);
    const left = this.#free.filter((slot) => slot.worker !== worker);
    this.#free.splice(0, this.#free.length, ...left);
    this.#onTrouble(error);
    this.#freed.notify();
  }
}

/** Where this file is bundled, so is the worker, as `codec_worker.js` beside the bundle. */
function besideThisFile(): URL {
  return import.meta.url.endsWith(".ts")
    ? new URL("./codec_worker.ts", import.meta.url)
    : new URL("./codec_worker.js", import.meta.url);
}

/** One thread, which answers in the order of asking. */
class PoolWorker {
  /** False once it has failed. */
  alive = true;
  readonly #worker: Worker;
  readonly #waiting: Token[] = [];

  constructor(place: URL, onFailure: (worker: PoolWorker, error: Error) => void) {
    this.#worker = new Worker(place, { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      this.#waiting.shift()?.resume(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.close();
      onFailure(this, new Error(`A worker of the codec failed: ${event.message}`));
      for (const token of this.#waiting.splice(0)) token.resume(undefined);
    };
  }

  /** Sends a piece; `undefined` when the worker failed. Cannot be cancelled: the slot is in use. */
  ask(request: WorkerRequest): Task<WorkerAnswer | undefined> {
    return suspend<WorkerAnswer | undefined>({
      begin: (token) => {
        this.#waiting.push(token);
        this.#worker.postMessage(request);
        return undefined;
      },
    });
  }

  /** Ends the thread. */
  close(): void {
    this.alive = false;
    this.#worker.terminate();
  }
}
