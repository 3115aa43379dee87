/**
 * The send window: what may be in flight towards one server (E6).
 *
 * Rule: the sender takes before it sends and gets back when the receiver has dealt with it, so the
 * receiver's queues are bounded by what the sender may have in flight. It knows no messages.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";

/** Bytes in flight of one session, at most `size`. */
export class SendWindow {
  /** Bytes that may be in flight. */
  readonly size: number;
  #inFlight = 0;
  readonly #changed = new Signal();

  constructor(size: number) {
    this.size = size;
  }

  /** Bytes taken and not credited. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Waits until `bytes` fit, and takes them. The wait can be cancelled; then nothing is taken. */
  *take(bytes: number): Task<void> {
    assert(bytes <= this.size, "Nothing is larger than the window");
    yield* this.#changed.until(() => this.#inFlight + bytes <= this.size);
    this.#inFlight += bytes;
  }

  /** Gives `bytes` back. */
  credit(bytes: number): void {
    assert(bytes >= 0 && bytes <= this.#inFlight, "Only what is in flight is credited");
    this.#inFlight -= bytes;
    this.#changed.notify();
  }
}

/** One channel's part of a session's window. */
export class ChannelWindow {
  readonly #window: SendWindow;
  #inFlight = 0;

  constructor(window: SendWindow) {
    this.#window = window;
  }

  /** Bytes of this channel in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** For `Channel` alone: waits for room and takes it. */
  *take(bytes: number): Task<void> {
    yield* this.#window.take(bytes);
    this.#inFlight += bytes;
  }

  /** Gives back what durable progress covers: the sum of what `sendExtent` returned for it. */
  credit(bytes: number): void {
    assert(bytes >= 0 && bytes <= this.#inFlight, "Only what is in flight is credited");
    this.#inFlight -= bytes;
    this.#window.credit(bytes);
  }

  /** Gives everything back: the channel has ended, or the peer has refused and dropped it. */
  creditAll(): void {
    this.credit(this.#inFlight);
  }
}
