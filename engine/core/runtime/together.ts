/**
 * Tasks that others wait for: all of several at the same time, one under a deadline, and one that may fail.
 *
 * @module
 */

import { type Failure, isFailed, peerFailure } from "../base/failure.ts";
import type { Loop, Run, Token } from "./loop.ts";
import { ended } from "./scope.ts";
import { Signal } from "./signal.ts";
import { suspend, type Task, type Wait } from "./task.ts";

/** A wait that completes at once with the loop of the task that waits. */
const LOOP_OF: Wait = {
  begin(token: Token) {
    token.resume(token.loop);
    return undefined;
  },
};

/** The loop in which the calling task runs. */
export function currentLoop(): Task<Loop> {
  return suspend<Loop>(LOOP_OF);
}

/** A wait that completes at once with whether the task that waits was asked to stop. */
const INTERRUPTED: Wait = {
  begin(token: Token) {
    token.resume(token.interrupted);
    return undefined;
  },
};

/**
 * Whether the calling task was asked to stop. What it caught may tell otherwise: `cancelled` of another
 * task that it waited for, or what a `finally` block failed with on the way out.
 */
export function interrupted(): Task<boolean> {
  return suspend<boolean>(INTERRUPTED);
}

/** What `task` failed with; nothing when it succeeded. A stop is no failure of it. */
export function* attempt(task: Task<void>): Task<Failure | undefined> {
  try {
    yield* task;
    return undefined;
  } catch (error) {
    if (!isFailed(error) || (yield* interrupted())) throw error;
    return error.failure;
  }
}

/**
 * Runs all tasks at the same time and returns their values in order. When one fails the others are
 * cancelled, all are waited for, and the first failure is thrown.
 */
export function* all<T>(name: string, tasks: readonly Task<T>[]): Task<T[]> {
  if (tasks.length === 1) return [yield* tasks[0] as Task<T>];
  const loop = yield* currentLoop();
  const runs = tasks.map((task) => begun(loop, name, task));
  let first: Error | undefined;
  for (const run of runs) {
    run.whenEnded(() => {
      if (run.outcome?.ok !== false || first !== undefined) return;
      first = run.outcome.error;
      for (const other of runs) other.interrupt();
    });
  }
  try {
    for (const run of runs) yield* ended(run);
  } finally {
    yield* stopped(runs);
  }
  if (first !== undefined) throw first;
  return runs.map((run) => (run.outcome as { ok: true; value: T }).value);
}

/** Something that can wait for a time: the clock port, as far as this file needs it. */
export interface Sleeper {
  /** Returns after `micros`. */
  sleep(micros: number): Task<void>;
}

/**
 * Runs `task` for at most `micros`. When time is up it is cancelled, its end is waited for, and
 * `timed-out` is thrown, saying `what` took too long.
 */
export function* within<T>(
  clock: Sleeper,
  micros: number,
  what: string,
  task: Task<T>,
): Task<T> {
  const loop = yield* currentLoop();
  const work = begun(loop, what, task);
  const timer = begun(loop, `${what}/deadline`, clock.sleep(micros));
  timer.whenEnded(() => {
    if (timer.outcome?.ok === true) work.interrupt();
  });
  try {
    yield* ended(work);
  } finally {
    yield* stopped([work as Run, timer as Run]);
  }
  const outcome = work.outcome;
  if (outcome?.ok === true) return outcome.value;
  if (timer.outcome?.ok === true && isFailed(outcome?.error, "cancelled")) {
    throw peerFailure(
      "timed-out",
      `${what} took longer than ${micros / 1_000_000} s`,
      "Nothing, if it comes back: it is tried again by itself. Otherwise look whether the other server, its disks and the " +
        "link to it keep up",
    );
  }
  throw outcome?.error ?? new Error("A task ended without an outcome");
}

/** Starts a task whose failures reach the caller; a bug in it stops the process whatever he does. */
function begun<T>(loop: Loop, name: string, task: Task<T>): Run<T> {
  const run = loop.start(name, task);
  run.whenEnded(() => {
    if (run.outcome?.ok === false && !isFailed(run.outcome.error)) {
      loop.panic(run.outcome.error, name);
    }
  });
  return run;
}

function* stopped(
  runs: readonly Run<never>[] | readonly Run[] | readonly Run<unknown>[],
): Task<void> {
  for (const run of runs) run.interrupt();
  for (const run of runs) yield* ended(run);
}

/**
 * Runs `task` to its end, for at most `micros` (E2). False when it had not ended by then: what hangs in
 * it cannot be cancelled, so it is left where it stands, and nobody hears what becomes of it.
 */
export function* endsWithin(
  clock: Sleeper,
  micros: number,
  what: string,
  task: Task<void>,
): Task<boolean> {
  const loop = yield* currentLoop();
  const work = begun(loop, what, task);
  const timer = begun(loop, `${what}/deadline`, clock.sleep(micros));
  const over = new Signal();
  for (const run of [work, timer]) run.whenEnded(() => over.notify());
  try {
    yield* over.until(() => work.outcome !== undefined || timer.outcome !== undefined);
  } finally {
    timer.interrupt();
  }
  if (work.outcome?.ok === false) throw work.outcome.error;
  return work.outcome !== undefined;
}
