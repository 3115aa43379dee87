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

/** Bytes in flight of one session, at most `size`; first come, first served. */
export class SendWindow {
  /** Bytes that may be in flight. */
  readonly size: number;
  #inFlight = 0;
  #line: object[] = [];
  readonly #changed = new Signal();

  constructor(size: number) {
    this.size = size;
  }

  /** Bytes taken and not credited. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Waits until `bytes` fit, and takes them; true then. False once `given up` says so, which it is
   * asked at every `wake`. The wait can be cancelled; then nothing is taken.
   */
  *take(bytes: number, givenUp: () => boolean = () => false): Task<boolean> {
    assert(bytes <= this.size, "Nothing is larger than the window");
    const place = {};
    this.#line.push(place);
    try {
      yield* this.#changed.until(() =>
        givenUp() || (this.#line[0] === place && this.#inFlight + bytes <= this.size)
      );
      if (givenUp()) return false;
      this.#inFlight += bytes;
      return true;
    } finally {
      this.#line = this.#line.filter((other) => other !== place);
      this.#changed.notify();
    }
  }

  /** Gives `bytes` back. */
  credit(bytes: number): void {
    assert(bytes >= 0 && bytes <= this.#inFlight, "Only what is in flight is credited");
    this.#inFlight -= bytes;
    this.#changed.notify();
  }

  /** Lets everybody who waits look again whether to give up. */
  wake(): void {
    this.#changed.notify();
  }
}

/** One channel's part of a session's window. */
export class ChannelWindow {
  readonly #window: SendWindow;
  #inFlight = 0;
  #ended = false;

  constructor(window: SendWindow) {
    this.#window = window;
  }

  /** Bytes of this channel in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** For `Channel` alone: waits for room and takes it; false once the channel has ended. */
  *take(bytes: number): Task<boolean> {
    const taken = yield* this.#window.take(bytes, () => this.#ended);
    if (taken) this.#inFlight += bytes;
    return taken;
  }

  /**
   * Gives back what durable progress covers: the sum of what `sendExtent` returned for it. Nothing
   * once the channel has ended, for then everything was given back.
   */
  credit(bytes: number): void {
    if (this.#ended) return;
    assert(bytes >= 0 && bytes <= this.#inFlight, "Only what is in flight is credited");
    this.#inFlight -= bytes;
    this.#window.credit(bytes);
  }

  /** For `Channel` alone: gives everything back and lets nobody wait any more. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const rest = this.#inFlight;
    this.#inFlight = 0;
    this.#window.credit(rest);
    this.#window.wake();
  }
}
