/**
 * Reading ahead on a channel: the next messages are taken off it, and extents unpacked, while earlier
 * ones are kept.
 *
 * Rule: order is that of the channel, and no more than `AHEAD` wait. It does not know what they mean.
 *
 * @module
 */

import type { Codec, Unpacked } from "../ports/codec.ts";
import type { Loop, Run } from "../runtime/loop.ts";
import { Queue } from "../runtime/queue.ts";
import { ended } from "../runtime/scope.ts";
import type { Task } from "../runtime/task.ts";
import type { Channel, Incoming } from "../wire/channel.ts";
import { extentContent } from "../wire/extent.ts";

/** Messages taken off the channel, and extents unpacked, ahead of the one that is dealt with. */
const AHEAD = 4;

/** What an extent holds, in the making; `undefined` for zeros. */
export type Unpacking = Run<Unpacked | undefined>;

/** What came, in order. */
export interface Arrived {
  readonly incoming: Incoming;
  /** Of extents alone. */
  readonly content: Unpacking | undefined;
}

/** Reads one channel. */
export class ReadAhead {
  readonly #loop: Loop;
  readonly #codec: Codec;
  readonly #channel: Channel;
  readonly #digested: () => number | undefined;
  readonly #arrived = new Queue<Arrived>(AHEAD);
  readonly #unpacking = new Set<Unpacking>();
  readonly #reader: Run;

  /**
   * `digested` is asked about each extent that comes: the size of the blocks whose set digest is
   * wanted, or `undefined` for no digest.
   */
  constructor(loop: Loop, codec: Codec, channel: Channel, digested: () => number | undefined) {
    this.#loop = loop;
    this.#codec = codec;
    this.#channel = channel;
    this.#digested = digested;
    this.#reader = loop.start("read-ahead", this.#read()) as Run;
  }

  /** The next message; `undefined` once closed and empty. Throws why the channel ended. */
  *next(): Task<Arrived | undefined> {
    const arrived = yield* this.#arrived.take();
    if (arrived !== undefined) return arrived;
    yield* ended(this.#reader);
    const outcome = this.#reader.outcome;
    if (outcome?.ok === false) throw outcome.error;
    return undefined;
  }

  /** Takes nothing more off the channel: whoever waits for a message looks up. */
  close(): void {
    this.#arrived.close();
    this.#reader.interrupt();
  }

  /** Ends reading and unpacking; returns when neither goes on. */
  *stop(): Task<void> {
    this.#arrived.close();
    const left = [this.#reader, ...this.#unpacking];
    for (const run of left) run.interrupt();
    for (const run of left) yield* ended(run as Run);
  }

  *#read(): Task<void> {
    try {
      for (;;) {
        const incoming = yield* this.#channel.receive();
        let content: Unpacking | undefined;
        if (incoming.kind === "extent") {
          // What cannot be unpacked must not be acknowledged: it is looked at before it is kept.
          const unpacking = extentContent(this.#codec, incoming.extent, this.#digested());
          const run = this.#loop.start("unpack", unpacking);
          this.#unpacking.add(run);
          run.whenEnded(() => this.#unpacking.delete(run));
          content = run;
        }
        if (!(yield* this.#arrived.put({ incoming, content }))) return;
      }
    } finally {
      this.#arrived.close();
    }
  }
}
