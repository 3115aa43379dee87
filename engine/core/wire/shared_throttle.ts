/**
 * A bandwidth limit that several machines share.
 *
 * Rule (I42): together they keep to the limit as one sender does. Whoever has sent least is next (start-time fair
 * queueing): of machines that all have something to send each gets the same bytes, however large the frames of
 * each are, and one that was silent has saved up nothing. A limit may come, change and go at any time.
 *
 * @module
 */

import type { Clock } from "../ports/clock.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import { ChangingThrottle, type Throttle } from "./throttle.ts";

/** A sender's turn: what it had sent when it asked, counted as `#virtual` is. */
interface Turn {
  readonly start: number;
}

/** One limit, shared by the flows that it hands out. */
export class SharedThrottle {
  readonly #bucket: ChangingThrottle;
  readonly #turned = new Signal();
  /** In the order of asking. */
  readonly #waiting = new Set<Turn>();
  #busy = false;
  /** Bytes that a sender who is always there has had so far. */
  #virtual = 0;

  /** `rate` in bytes a second; 0 for no limit. */
  constructor(clock: Pick<Clock, "now" | "sleep">, rate: number) {
    this.#bucket = new ChangingThrottle(clock, rate);
  }

  /** Another limit from now on, also for who waits. 0: none. */
  limit(rate: number): void {
    this.#bucket.limit(rate);
  }

  /** The share of one machine, for as long as it sends on one channel. */
  flow(): Throttle {
    let sent = 0;
    return { take: (bytes) => this.#take(bytes, () => sent, (now) => sent = now) };
  }

  *#take(bytes: number, sent: () => number, setSent: (sent: number) => void): Task<void> {
    const turn = { start: Math.max(this.#virtual, sent()) };
    this.#waiting.add(turn);
    try {
      yield* this.#turned.until(() => !this.#busy && this.#next() === turn);
      this.#busy = true;
    } finally {
      this.#waiting.delete(turn);
      // Cancelled while it was next: somebody else is.
      if (!this.#busy) this.#turned.notify();
    }
    try {
      yield* this.#bucket.take(bytes);
      this.#virtual = turn.start;
      setSent(turn.start + bytes);
    } finally {
      this.#busy = false;
      this.#turned.notify();
    }
  }

  #next(): Turn | undefined {
    let next: Turn | undefined;
    for (const turn of this.#waiting) {
      if (next === undefined || turn.start < next.start) next = turn;
    }
    return next;
  }
}

/** Passes what passes all of `throttles`, one after the other. */
export function inTurn(throttles: readonly Throttle[]): Throttle {
  return {
    *take(bytes: number): Task<void> {
      for (const throttle of throttles) yield* throttle.take(bytes);
    },
  };
}
