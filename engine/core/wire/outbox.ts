/**
 * The outbox: frames on their way to a connection, in order, bounded, with pings ahead of data.
 *
 * Rule: a sender only puts whole frames here and one task writes them, so cancelling a sender never
 * leaves half a frame on the wire. It does not know what frames mean.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { release } from "../base/release.ts";
import type { Connection } from "../ports/network.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import { COALESCE_MAX, OUTBOX_MAX } from "./limits.ts";

/** What goes ahead of data, each at most once. */
export type Urgent = "ping" | "pong" | "authorization-told";

/** Frames of all channels of one session. */
export class Outbox {
  #frames: Uint8Array[] = [];
  #head = 0;
  #bytes = 0;
  #urgent = new Map<Urgent, Uint8Array>();
  #finished = false;
  #writing = false;
  #written = 0;
  readonly #changed = new Signal();

  /** Bytes waiting, urgent ones left aside. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that the connection has taken. */
  get written(): number {
    return this.#written;
  }

  /** True when everything was handed to the connection. */
  get drained(): boolean {
    return this.#head === this.#frames.length && this.#urgent.size === 0 && !this.#writing;
  }

  /** Waits until a frame may be put; who has waited puts at once, without suspending before. */
  *room(): Task<void> {
    yield* this.#changed.until(() => this.#finished || this.#bytes < OUTBOX_MAX);
  }

  /** Puts a frame at the end; it belongs to the outbox from now on. Dropped once finished. */
  put(frame: Uint8Array): void {
    if (this.#finished) return;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#changed.notify();
  }

  /** Puts a frame ahead of all others, in place of an earlier one of the same kind. */
  putUrgent(kind: Urgent, frame: Uint8Array): void {
    if (this.#finished) return;
    this.#urgent.set(kind, frame);
    this.#changed.notify();
  }

  /** Puts the last frame, if any: what is here is still written, and nobody waits for room. */
  finish(last?: Uint8Array): void {
    if (last !== undefined) this.put(last);
    this.#finished = true;
    this.#changed.notify();
  }

  /** Waits until all of a finished outbox was handed to the connection. */
  *whenDrained(): Task<void> {
    yield* this.#changed.until(() => this.drained);
  }

  /** Writes until the end of a finished outbox; throws what the connection throws. */
  *writeTo(connection: Connection): Task<void> {
    while (true) {
      yield* this.#changed.until(() => this.#finished || !this.drained);
      const bytes = this.#take();
      if (bytes === undefined) return;
      this.#writing = true;
      try {
        yield* connection.write(bytes);
      } finally {
        this.#writing = false;
      }
      this.#written += bytes.length;
      this.#changed.notify();
      // It was this outbox's alone, and has left.
      release(bytes);
    }
  }

  /** The next bytes to write: small frames together, large ones by themselves. */
  #take(): Uint8Array | undefined {
    for (const [kind, frame] of this.#urgent) {
      this.#urgent.delete(kind);
      return frame;
    }
    const first = this.#frames[this.#head];
    if (first === undefined) return undefined;
    let end = this.#head;
    let size = 0;
    for (let next: Uint8Array | undefined = first; next !== undefined; next = this.#frames[end]) {
      if (end > this.#head && size + next.length > COALESCE_MAX) break;
      size += next.length;
      end++;
    }
    const bytes = end === this.#head + 1 ? first : joined(this.#frames, this.#head, end, size);
    this.#bytes -= size;
    this.#head = end;
    if (this.#head === this.#frames.length || this.#head > 1024) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
    return bytes;
  }
}

function joined(frames: readonly Uint8Array[], start: number, end: number, size: number) {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (let index = start; index < end; index++) {
    const frame = frames[index] as Uint8Array;
    bytes.set(frame, at);
    at += frame.length;
  }
  assert(at === size, "Frames written together fill their buffer");
  return bytes;
}
