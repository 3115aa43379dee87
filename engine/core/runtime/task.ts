/**
 * Tasks: the engine's synchronous coroutines, and the one thing they can wait for.
 *
 * `const data = yield* disk.read(at, length);` suspends on a `Wait`. The world that the wait belongs
 * to begins it, is handed a one-shot token, and resumes the task through it. A run is a pure function
 * of the order in which the world resumes tasks.
 *
 * @module
 */

import type { Token } from "./loop.ts";

/** A coroutine of the engine. Runs only inside a `Loop`, started by a `Scope`. */
export type Task<T> = Generator<Wait, T, unknown>;

/** Takes a wait back before the task has seen its outcome; called at most once. */
export type Cancel = () => void;

/** What a task suspends on. */
export interface Wait {
  /**
   * Begins to wait; called once, by the loop. Completion goes through `token`, at once or later, once.
   * Returns how to take it back, or `undefined` when that is impossible, as with a disk write: then
   * whoever cancels the task waits for it (E2). Taking back may come after completion, when the
   * task is cancelled before it ran again: whatever was handed over is then given back. What
   * `begin` throws is thrown in the task.
   */
  begin(token: Token): Cancel | undefined;
}

/** Suspends on `wait` and returns what it was resumed with. */
export function* suspend<T>(wait: Wait): Task<T> {
  return (yield wait) as T;
}

/** A task that is done at once: for ports whose answer needs no waiting. */
// deno-lint-ignore require-yield
export function* done<T>(value: T): Task<T> {
  return value;
}

/** Runs a task that must not suspend, outside any loop: for answers that are known to be at hand. */
export function runNow<T>(task: Task<T>): T {
  const step = task.next();
  if (step.done !== true) throw new Error("A task that must not suspend suspended");
  return step.value;
}
