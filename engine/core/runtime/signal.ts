/**
 * Signals and latches: how one task tells others that something changed.
 *
 * @module
 */

import type { Token } from "./loop.ts";
import { suspend, type Task, type Wait } from "./task.ts";

/** Wakes everybody who waits for it; remembers nothing. */
export class Signal implements Wait {
  #waiting: Token[] = [];

  /** Wakes all tasks that wait at this moment. */
  notify(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const token of waiting) token.resume();
  }

  /** Waits for the next `notify`. */
  wait(): Task<void> {
    return suspend<void>(this);
  }

  /** Waits until `condition` holds, looking again at every `notify`. */
  *until(condition: () => boolean): Task<void> {
    while (!condition()) yield* this.wait();
  }

  /** For the loop alone. */
  begin(token: Token): () => void {
    this.#waiting.push(token);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== token);
    };
  }
}
