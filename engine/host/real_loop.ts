/**
 * The engine's loop on the runtime's event loop, and the bridges between tasks and promises.
 *
 * Rule: the loop drains in a microtask, so that what an I/O callback resumes runs before the next
 * callback; fairness to I/O is the business of `turn.ts`. It does not know what tasks do.
 *
 * @module
 */

import { AssertionError } from "../core/base/assert.ts";
import { Loop, type Token } from "../core/runtime/loop.ts";
import { type Cancel, suspend, type Task, type Wait } from "../core/runtime/task.ts";
import { beginTurn } from "./turn.ts";

/** What to do about a bug of ours found in `task`: report it and end the process. */
export type Panic = (error: Error, task: string) => void;

/**
 * A loop that the event loop drives. Without `panic` a bug becomes an uncaught error, which ends
 * the process: better down than on with corrupt state.
 */
export function realLoop(panic: Panic = throwUncaught): Loop {
  const drain = () => {
    beginTurn();
    loop.drain();
  };
  const loop: Loop = new Loop(() => queueMicrotask(drain), panic);
  return loop;
}

function throwUncaught(error: Error, task: string): void {
  queueMicrotask(() => {
    throw new Error(`Bug in task "${task}": ${error.message}`, { cause: error });
  });
}

/** Runs `task` in `loop`, for code that is not a task: the top of a program, a test. */
export function runTask<T>(loop: Loop, task: Task<T>, name = "run"): Promise<T> {
  return new Promise((resolve, reject) => {
    const run = loop.start(name, task);
    run.whenEnded(() => {
      if (run.outcome?.ok === true) resolve(run.outcome.value);
      else reject(run.outcome?.error ?? new Error("A task ended without an outcome"));
    });
  });
}

/**
 * Waits for a promise. It cannot be cancelled, so whoever cancels the task waits for it (E2): for
 * writes, and for whatever must not be left running.
 */
export function promiseTask<T>(begin: () => Promise<T>): Task<T> {
  return callbackTask<T>((done, fail) => {
    begin().then(done, fail);
    return undefined;
  });
}

/** Waits for a promise that `signal` ends early when the task is cancelled. */
export function abortableTask<T>(begin: (signal: AbortSignal) => Promise<T>): Task<T> {
  return callbackTask<T>((done, fail) => {
    const controller = new AbortController();
    begin(controller.signal).then(done, fail);
    return () => controller.abort();
  });
}

/**
 * Waits for one of two callbacks. `begin` returns how to take the wait back, if that is possible.
 */
export function callbackTask<T>(
  begin: (done: (value: T) => void, fail: (error: unknown) => void) => Cancel | undefined,
): Task<T> {
  return suspend<T>(new CallbackWait<T>(begin));
}

class CallbackWait<T> implements Wait {
  readonly #begin: (
    done: (value: T) => void,
    fail: (error: unknown) => void,
  ) => Cancel | undefined;

  constructor(
    begin: (done: (value: T) => void, fail: (error: unknown) => void) => Cancel | undefined,
  ) {
    this.#begin = begin;
  }

  begin(token: Token): Cancel | undefined {
    try {
      return this.#begin(
        (value) => token.resume(value),
        (error) => token.fail(asError(error)),
      );
    } catch (error) {
      token.fail(asError(error));
      return undefined;
    }
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new AssertionError(`Thrown: ${String(thrown)}`);
}
