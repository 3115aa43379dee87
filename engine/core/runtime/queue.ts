/**
 * Bounded queues between tasks (E6).
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { Signal } from "./signal.ts";
import type { Task } from "./task.ts";

/** First in, first out, at most `capacity` items; who puts more waits. */
export class Queue<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  readonly #changed = new Signal();
  #closed = false;

  constructor(capacity: number) {
    assert(capacity > 0, "A queue holds something");
    this.#capacity = capacity;
  }

  /** Items inside. */
  get length(): number {
    return this.#items.length;
  }

  /** True after `close`. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Puts `item` at the end, waiting for room; false when the queue is closed. */
  *put(item: T): Task<boolean> {
    yield* this.#changed.until(() => this.#closed || this.#items.length < this.#capacity);
    return this.tryPut(item);
  }

  /** Puts `item` at the end if there is room and the queue is open. */
  tryPut(item: T): boolean {
    if (this.#closed || this.#items.length >= this.#capacity) return false;
    this.#items.push(item);
    this.#changed.notify();
    return true;
  }

  /** Takes the first item, waiting for one; `undefined` when closed and empty. */
  *take(): Task<T | undefined> {
    yield* this.#changed.until(() => this.#closed || this.#items.length > 0);
    const item = this.#items.shift();
    this.#changed.notify();
    return item;
  }

  /** Refuses further items and wakes everybody; what is inside can still be taken. */
  close(): void {
    this.#closed = true;
    this.#changed.notify();
  }
}
