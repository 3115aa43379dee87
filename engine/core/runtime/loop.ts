/**
 * The loop: one FIFO of runnable tasks, in which nothing ever runs a task from inside another (E1).
 *
 * A world owns one loop per process. It resumes tokens from its callbacks or its event queue and
 * drains the loop when `wake` asks for it. The loop does not know time.
 *
 * @module
 */

import { AssertionError } from "../base/assert.ts";
import { internalFailure } from "../base/failure.ts";
import type { Member } from "./line.ts";
import type { Cancel, Task, Wait } from "./task.ts";

/**
 * Thrown into every task that is cancelled, at the point where it waits; `finally` blocks run. One for all:
 * nobody is told of it, and each deadline that is met cancels its timer.
 */
const CANCELLED: Error = internalFailure("cancelled", "The work was cancelled");

/** One-shot right to resume one task from one suspension; late or second uses do nothing. */
export class Token {
  readonly #run: Run;

  /** Made by the loop alone. */
  constructor(run: Run) {
    this.#run = run;
  }

  /** Resumes the task with `value`. */
  resume(value?: unknown): void {
    this.#run.settle(this, value, undefined);
  }

  /** Resumes the task by throwing `error` where it waits. */
  fail(error: Error): void {
    this.#run.settle(this, undefined, error);
  }

  /** Whether the waiting task was asked to stop. */
  get interrupted(): boolean {
    return this.#run.interrupted;
  }

  /** Where the waiting task lives: for waits that start tasks of their own. */
  get loop(): Loop {
    return this.#run.loop;
  }
}

/** What became of a task. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Error };

/** Whose task a run is: told of its end before anybody else. A callback for each would come with every task. */
export interface RunOwner {
  /** It has ended; `joined`: somebody else takes what it ended with. */
  runEnded(run: Run, joined: boolean): void;
}

/** A task in the loop, from start to end. */
export class Run<T = unknown> implements Member {
  /** The loop that runs it. */
  readonly loop: Loop;
  /** For traces and messages. */
  readonly name: string;
  /** What became of it; `undefined` while it runs. */
  outcome: Outcome<T> | undefined;
  /** See `Member`: its place in its scope. */
  place = -1;
  readonly #task: Task<T>;
  readonly #owner: RunOwner | undefined;
  readonly #joined: boolean;
  #token: Token | undefined;
  #cancel: Cancel | undefined;
  #value: unknown;
  #error: Error | undefined;
  #started = false;
  /** Asked to stop; asked a second time it goes on with its `finally` blocks undisturbed. */
  #interrupted = false;
  /** Asked to stop and not told yet. */
  #interrupt = false;
  /** Who is called at its end; few have more than one. */
  #ended: (() => void) | undefined;
  #othersEnded: (() => void)[] | undefined;

  /** Made by `Loop.start` alone. */
  constructor(loop: Loop, name: string, task: Task<T>, owner?: RunOwner, joined = false) {
    this.loop = loop;
    this.name = name;
    this.#task = task;
    this.#owner = owner;
    this.#joined = joined;
  }

  /** Whether it was asked to stop. */
  get interrupted(): boolean {
    return this.#interrupted;
  }

  /** Called when the task has ended, at once if it has; never from inside another task. */
  whenEnded(callback: () => void): void {
    if (this.outcome !== undefined) callback();
    else if (this.#ended === undefined) this.#ended = callback;
    else (this.#othersEnded ??= []).push(callback);
  }

  /**
   * Asks the task to stop, once: `CANCELLED` is thrown where it waits, after the wait was taken back
   * or, where it cannot be, has completed. A wait that has completed, but whose task did not run
   * since, is taken back too: nobody will see what it gave. A task that never ran ends without
   * running.
   */
  interrupt(): void {
    if (this.outcome !== undefined || this.#interrupted) return;
    this.#interrupted = true;
    this.#interrupt = true;
    const waiting = this.#token !== undefined;
    const cancel = this.#cancel;
    if (waiting && cancel === undefined) return;
    this.#token = undefined;
    this.#cancel = undefined;
    cancel?.();
    if (waiting) this.loop.enqueue(this);
  }

  /** For `Token` alone: takes the outcome of a wait and queues the task. */
  settle(token: Token, value: unknown, error: Error | undefined): void {
    if (this.#token !== token) return;
    this.#token = undefined;
    this.#value = value;
    this.#error = error;
    this.loop.enqueue(this);
  }

  /** For `Loop` alone: runs the task to its next suspension or end. */
  step(): void {
    this.#cancel = undefined;
    const value = this.#value;
    const error = this.#interrupt ? CANCELLED : this.#error;
    this.#interrupt = false;
    this.#value = undefined;
    this.#error = undefined;
    if (!this.#started && error !== undefined) return this.#end({ ok: false, error });
    this.#started = true;
    let result: IteratorResult<Wait, T>;
    try {
      result = error === undefined ? this.#task.next(value) : this.#task.throw(error);
    } catch (thrown) {
      return this.#end({ ok: false, error: asError(thrown) });
    }
    if (result.done === true) return this.#end({ ok: true, value: result.value });
    this.#begin(result.value);
  }

  #begin(wait: Wait): void {
    const token = new Token(this);
    this.#token = token;
    let cancel: Cancel | undefined;
    try {
      cancel = wait.begin(token);
    } catch (thrown) {
      return this.settle(token, undefined, asError(thrown));
    }
    // The wait may have completed before `begin` returned: the task is queued then. Or the task was
    // interrupted meanwhile, and the wait is taken back at once where it can be.
    if (!this.#interrupt) this.#cancel = cancel;
    else if (cancel !== undefined) {
      const waiting = this.#token === token;
      this.#token = undefined;
      cancel();
      if (waiting) this.loop.enqueue(this);
    }
  }

  #end(outcome: Outcome<T>): void {
    this.outcome = outcome;
    const [first, others] = [this.#ended, this.#othersEnded];
    this.#ended = this.#othersEnded = undefined;
    this.#owner?.runEnded(this as Run, this.#joined);
    first?.();
    if (others !== undefined) { for (const callback of others) callback(); }
  }
}

/** Runs tasks in the order in which they became runnable. */
export class Loop {
  /** Where an assertion or an unexpected error of a task goes: the world stops the process. */
  readonly panic: (error: Error, task: string) => void;
  readonly #wake: () => void;
  /** What is runnable, from `#head` to `#tail`; an array that is emptied and filled would be made anew each time. */
  #queue: (Run | undefined)[] = [];
  #head = 0;
  #tail = 0;
  #draining = false;
  #woken = false;
  #dead = false;

  /**
   * `wake` is called when tasks become runnable while the loop is at rest; it must arrange for `drain`
   * to be called, and must not call it itself from inside a resume.
   */
  constructor(wake: () => void, panic: (error: Error, task: string) => void) {
    this.#wake = wake;
    this.panic = panic;
  }

  /** True when nothing is runnable. */
  get idle(): boolean {
    return this.#head === this.#tail;
  }

  /** Starts a task; it runs when the loop comes to it, not inside this call. */
  start<T>(name: string, task: Task<T>, owner?: RunOwner, joined = false): Run<T> {
    const run = new Run<T>(this, name, task, owner, joined);
    this.enqueue(run as Run);
    return run;
  }

  /** For `Run` alone: puts a run at the end of the queue. */
  enqueue(run: Run<never> | Run): void {
    if (this.#dead) return;
    this.#queue[this.#tail++] = run as Run;
    if (this.#draining || this.#woken) return;
    this.#woken = true;
    this.#wake();
  }

  /** Runs everything runnable, and what becomes runnable meanwhile. */
  drain(): void {
    this.#woken = false;
    if (this.#draining) return;
    this.#draining = true;
    try {
      while (this.#head < this.#tail && !this.#dead) {
        const run = this.#queue[this.#head] as Run;
        this.#queue[this.#head++] = undefined;
        run.step();
        if (this.#head > 1024) {
          this.#queue = this.#queue.slice(this.#head, this.#tail);
          this.#tail -= this.#head;
          this.#head = 0;
        }
      }
      if (this.#head === this.#tail) this.#head = this.#tail = 0;
    } finally {
      this.#draining = false;
    }
  }

  /** Drops every task where it stands; nothing of theirs runs again (E3). For simulated kills. */
  kill(): void {
    this.#dead = true;
    this.#queue = [];
    this.#head = this.#tail = 0;
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new AssertionError(`Thrown: ${String(thrown)}`);
}
