/**
 * A guest's write on its way through a disk of its machine.
 *
 * Rule: it is what a generator would be that waits until nothing holds writes back, counts the write in,
 * waits for the disk below and counts it out; written by hand because there is one to every write of a
 * guest (see `TrackedWrite`). Like a task it does nothing before its first `next`.
 *
 * @module
 */

import type { Task, Wait } from "../runtime/task.ts";

/** What a write needs of its disk. */
export interface PassingPath {
  /** Gives the task that does the write, which is counted in (`write.entered`) by now or by that task. */
  begin(write: PassingWrite): Task<void>;
  /** A write that was counted in has ended, in whatever way. */
  end(): void;
}

/** One write. */
export class PassingWrite {
  /** First byte on the disk. */
  readonly at: number;
  readonly data: Uint8Array;
  /** It was counted in and not out again. For the path alone. */
  entered = false;
  readonly #path: PassingPath;
  #work: Task<void> | undefined = undefined;

  constructor(path: PassingPath, at: number, data: Uint8Array) {
    this.#path = path;
    this.at = at;
    this.data = data;
  }

  /** As of a generator. */
  next(value?: unknown): IteratorResult<Wait, void> {
    try {
      const work = this.#work ??= this.#path.begin(this);
      const step = work.next(value);
      if (step.done === true) this.#end();
      return step;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** As of a generator: the wait failed, or the write is cancelled where it can be. */
  throw(error: unknown): IteratorResult<Wait, void> {
    try {
      if (this.#work === undefined) throw error;
      const step = this.#work.throw(error);
      if (step.done === true) this.#end();
      return step;
    } catch (thrown) {
      this.#end();
      throw thrown;
    }
  }

  /** As of a generator: it is left where it stands. */
  return(): IteratorResult<Wait, void> {
    try {
      return this.#work?.return() ?? { done: true, value: undefined };
    } finally {
      this.#end();
    }
  }

  [Symbol.iterator](): this {
    return this;
  }

  #end(): void {
    if (!this.entered) return;
    this.entered = false;
    this.#path.end();
  }
}
