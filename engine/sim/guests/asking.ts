/**
 * A request of a guest on its way: begun on its connection, waited for, and heard of.
 *
 * Rule: it is what a generator around the disk's own task would be; written by hand because it is all that
 * there is to be kept of a request anyway, and most of what happens in a world is requests of guests. Like a task it does
 * nothing before its first `next`. It does not know what it asks for.
 *
 * @module
 */

import { isFailed } from "../../core/base/failure.ts";
import type { Disk } from "../../core/ports/disk.ts";
import type { Task, Wait } from "../../core/runtime/task.ts";
import type { GuestConnection } from "./connection.ts";

/** What every request that is over gives its task. */
const OVER: IteratorReturnResult<void> = { done: true, value: undefined };

/** One request. */
export abstract class Asking<T> {
  readonly #connection: GuestConnection;
  #work: Task<T> | undefined;

  constructor(connection: GuestConnection) {
    this.#connection = connection;
  }

  /** What carries it. All of a generator but its iterator helpers, which no task uses. */
  get task(): Task<void> {
    return this as unknown as Task<void>;
  }

  /** Asks for it. */
  protected abstract ask(disk: Disk): Task<T>;

  /** It was done. */
  protected abstract done(value: T): void;

  /** It failed, and why. */
  protected abstract failed(why: string): void;

  /** As of a generator. */
  next(value?: unknown): IteratorResult<Wait, void> {
    const connection = this.#connection;
    if (this.#work === undefined) {
      // Dropped before it was begun.
      if (connection.stopped) return OVER;
      connection.begin();
    }
    let step: IteratorResult<Wait, T>;
    try {
      this.#work ??= this.ask(connection.disk);
      step = this.#work.next(value);
    } catch (error) {
      return this.#caught(error);
    }
    return this.#go(step);
  }

  /** As of a generator: the wait failed, or it is cancelled. */
  throw(error: unknown): IteratorResult<Wait, void> {
    if (this.#work === undefined) throw error;
    let step: IteratorResult<Wait, T>;
    try {
      step = this.#work.throw(error);
    } catch (thrown) {
      return this.#caught(thrown);
    }
    return this.#go(step);
  }

  /** As of a generator: it is left where it stands. */
  return(): IteratorResult<Wait, void> {
    if (this.#work !== undefined) {
      this.#work.return(undefined as T);
      this.#connection.end();
    }
    return OVER;
  }

  [Symbol.iterator](): this {
    return this;
  }

  #go(step: IteratorResult<Wait, T>): IteratorResult<Wait, void> {
    if (step.done !== true) return step;
    this.#connection.end();
    this.done(step.value);
    return OVER;
  }

  #caught(error: unknown): IteratorResult<Wait, void> {
    this.#connection.end();
    if (!isFailed(error) || error.code === "cancelled") throw error;
    this.failed(error.message);
    return OVER;
  }
}
