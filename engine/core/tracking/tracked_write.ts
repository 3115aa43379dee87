/**
 * A guest's write on its way through a tracked disk.
 *
 * Rule: it is what a generator would be that submits the write, waits for the disk and counts it out;
 * written by hand because a tracked disk adds one to every write of a guest, and a generator around
 * the disk's own costs more than all of the tracking. Like a task it does nothing before its first
 * `next`. It does not know what submitting takes.
 *
 * @module
 */

import type { Task, Wait } from "../runtime/task.ts";
import { Flight } from "./flights.ts";

/** What a write needs of its disk. */
export interface WritePath {
  /**
   * Gives the task that does the write, which is submitted (`write.submitted`) by now or by that task.
   * Throws when it is refused.
   */
  begin(write: TrackedWrite): Task<void>;
  /** A submitted write has ended; `done`: the disk has it. */
  end(write: TrackedWrite, done: boolean): void;
}

/** One write, in flight from `begin` to `end` of its path. */
export class TrackedWrite extends Flight {
  /** First byte on the disk. */
  readonly at: number;
  readonly data: Uint8Array;
  /** It was handed to the disk and has not come back. For the path alone. */
  submitted = false;
  /** Tells on which side of a cut it was submitted. For the path alone. */
  epoch: unknown = undefined;
  readonly #path: WritePath;
  #work: Task<void> | undefined = undefined;

  constructor(path: WritePath, blockSize: number, at: number, data: Uint8Array) {
    super(Math.floor(at / blockSize), Math.ceil((at + data.length) / blockSize), false);
    this.#path = path;
    this.at = at;
    this.data = data;
  }

  /** As of a generator. */
  next(value?: unknown): IteratorResult<Wait, void> {
    try {
      const work = this.#work ??= this.#path.begin(this);
      const step = work.next(value);
      if (step.done === true) this.#end(true);
      return step;
    } catch (error) {
      this.#end(false);
      throw error;
    }
  }

  /** As of a generator: the wait failed, or the write is cancelled where it can be. */
  throw(error: unknown): IteratorResult<Wait, void> {
    try {
      const step = (this.#work ??= ended()).throw(error);
      if (step.done === true) this.#end(true);
      return step;
    } catch (thrown) {
      this.#end(false);
      throw thrown;
    }
  }

  /** As of a generator: it is left where it stands. */
  return(): IteratorResult<Wait, void> {
    try {
      return (this.#work ??= ended()).return();
    } finally {
      this.#end(false);
    }
  }

  [Symbol.iterator](): this {
    return this;
  }

  #end(done: boolean): void {
    if (!this.submitted) return;
    this.submitted = false;
    this.#path.end(this, done);
  }
}

/** The work of a write that never began. */
function* ended(): Task<void> {}
