/**
 * The smallest world in which two servers can talk: one loop, a clock that jumps to the next timer,
 * and pipes in memory.
 *
 * @module
 */

import assert from "node:assert/strict";
import { peerFailure } from "../../../../engine/core/base/failure.ts";
import type { Clock } from "../../../../engine/core/ports/clock.ts";
import type { Connection, PeerIdentity } from "../../../../engine/core/ports/network.ts";
import { Loop, type Run, type Token } from "../../../../engine/core/runtime/loop.ts";
import { Scope } from "../../../../engine/core/runtime/scope.ts";
import { Signal } from "../../../../engine/core/runtime/signal.ts";
import { suspend, type Task } from "../../../../engine/core/runtime/task.ts";
import type { SessionPorts } from "../../../../engine/core/wire/session.ts";
import { loadKernel, simpleCodec } from "../../../../wasm/codec.ts";

/** One loop and its virtual time. */
export class WireWorld {
  readonly loop: Loop;
  readonly clock: Clock;
  readonly ports: SessionPorts;
  readonly scope: Scope;
  /** What stopped the process; a test must find it empty. */
  readonly panics: Error[] = [];
  now = 0;
  #timers: { at: number; token: Token }[] = [];

  constructor() {
    this.loop = new Loop(() => {}, (error) => this.panics.push(error));
    this.scope = new Scope(this.loop, "test", (error) => this.panics.push(error));
    this.clock = {
      now: () => this.now,
      wall: () => this.now,
      localOffset: () => 0,
      sleep: (micros) =>
        suspend<void>({
          begin: (token) => {
            const timer = { at: this.now + micros, token };
            this.#timers.push(timer);
            return () => {
              this.#timers = this.#timers.filter((other) => other !== timer);
            };
          },
        }),
    };
    this.ports = { clock: this.clock, codec: simpleCodec(loadKernel()) };
  }

  /** Timers that somebody waits for. */
  get sleepers(): number {
    return this.#timers.length;
  }

  /** Runs everything until `condition` holds or nothing is left that could happen. */
  runUntil(condition: () => boolean): void {
    this.loop.drain();
    while (!condition() && this.#timers.length > 0) {
      let next = 0;
      for (let index = 1; index < this.#timers.length; index++) {
        if (this.#timers[index]!.at < this.#timers[next]!.at) next = index;
      }
      const [timer] = this.#timers.splice(next, 1);
      this.now = Math.max(this.now, timer!.at);
      timer!.token.resume();
      this.loop.drain();
    }
  }

  /** Runs `task` to its end and returns what it returned. */
  run<T>(task: Task<T>): T {
    const run: Run<T> = this.loop.start("main", task);
    this.runUntil(() => run.outcome !== undefined);
    assert.deepEqual(this.panics, [], "nothing stopped the process");
    const { outcome } = run;
    if (outcome === undefined) throw new Error("Nothing can happen any more, and it never ended");
    if (outcome.ok) return outcome.value;
    throw outcome.error;
  }

  /** Two ends of one connection. */
  pair(options: PipeOptions = {}): [PipeEnd, PipeEnd] {
    const left = new PipeEnd("beta", options);
    const right = new PipeEnd("alpha", options);
    left.other = right;
    right.other = left;
    return [left, right];
  }
}

/** How a pipe behaves. */
export interface PipeOptions {
  /** Bytes that fit before a writer waits. */
  readonly capacity?: number;
  /** The size of the next chunk that a reader gets; whole writes when left out. */
  readonly chunk?: () => number;
}

/** One end of a connection in memory. */
export class PipeEnd implements Connection {
  readonly peer: PeerIdentity;
  other: PipeEnd | undefined;
  /** While true the reader gets nothing: the network swallows what is sent. */
  stalled = false;
  /** Bytes written at this end. */
  written = 0;
  closed = false;
  readonly #capacity: number;
  readonly #chunk: (() => number) | undefined;
  readonly #changed = new Signal();
  #incoming: Uint8Array[] = [];
  #held = 0;
  #ended = false;

  /** `name` is that of the server at the other end. */
  constructor(name: string, { capacity = 256 * 1024, chunk }: PipeOptions) {
    this.peer = { name, fingerprint: name, address: name };
    this.#capacity = capacity;
    this.#chunk = chunk;
  }

  *read(): Task<Uint8Array | undefined> {
    yield* this.#changed.until(() =>
      this.closed || (!this.stalled && (this.#held > 0 || this.#ended))
    );
    if (this.closed) throw peerFailure("connection-lost", "The connection is closed", "Try again");
    const first = this.#incoming.shift();
    if (first === undefined) return undefined;
    const size = Math.min(first.length, Math.max(1, this.#chunk?.() ?? first.length));
    if (size < first.length) this.#incoming.unshift(first.subarray(size));
    this.#held -= size;
    this.other?.wake();
    return first.slice(0, size);
  }

  *write(bytes: Uint8Array): Task<void> {
    const other = this.other!;
    yield* this.#changed.until(() => this.closed || other.closed || other.#held < this.#capacity);
    if (this.closed || other.closed) {
      throw peerFailure("connection-lost", "The peer is gone", "Try again");
    }
    if (bytes.length > 0) other.#incoming.push(bytes.slice());
    other.#held += bytes.length;
    this.written += bytes.length;
    other.wake();
  }

  wake(): void {
    this.#changed.notify();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.other !== undefined) this.other.#ended = true;
    this.other?.wake();
    this.wake();
  }
}
