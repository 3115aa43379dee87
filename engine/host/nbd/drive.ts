/**
 * Runs a request's task from where the request arrived.
 *
 * A disk answers most requests without waiting. Such a task is run to its end on the spot, which
 * saves a turn of the loop for each request. E1 holds: a task never runs inside another, because this
 * is called only from callbacks of sockets, and the loop drains synchronously, so no task is on the
 * stack there. A task that suspends becomes a run of the loop in that same moment, before anything
 * else can happen, so that no notification between its first step and its wait is lost.
 *
 * @module
 */

import { isFailed } from "../../core/base/failure.ts";
import { type Loop, Run } from "../../core/runtime/loop.ts";
import type { Task, Wait } from "../../core/runtime/task.ts";

/** Goes on with a task that has already suspended on `wait`. */
function* resumed<T>(task: Task<T>, wait: Wait): Task<T> {
  let next: Wait = wait;
  for (;;) {
    let value: unknown;
    let thrown: { readonly error: unknown } | undefined;
    try {
      value = yield next;
    } catch (error) {
      thrown = { error };
    }
    const step = thrown === undefined ? task.next(value) : task.throw(thrown.error);
    if (step.done === true) return step.value;
    next = step.value;
  }
}

/** Makes a run of a task that has suspended on `wait`; to be called before anything else happens. */
export function adopt<T>(loop: Loop, name: string, task: Task<T>, wait: Wait): Run<T> {
  const run = new Run<T>(loop, name, resumed(task, wait));
  run.step();
  return run;
}

/**
 * Runs `task` at once as far as it goes and tells `ended` how it ended, now or later. An error that
 * is no `Failed` is a bug of ours and stops the process by way of the loop.
 */
export function drive<T>(
  loop: Loop,
  name: string,
  task: Task<T>,
  succeeded: (value: T) => void,
  failed: (error: unknown) => void,
): void {
  let step: IteratorResult<Wait, T>;
  try {
    step = task.next();
  } catch (error) {
    report(loop, name, error);
    return failed(error);
  }
  if (step.done === true) return succeeded(step.value);
  follow(adopt(loop, name, task, step.value), succeeded, failed);
}

/** Tells how a run ended, when it has. */
export function follow<T>(
  run: Run<T>,
  succeeded: (value: T) => void,
  failed: (error: unknown) => void,
): void {
  run.whenEnded(() => {
    const outcome = run.outcome;
    if (outcome?.ok === true) return succeeded(outcome.value);
    report(run.loop, run.name, outcome?.error);
    failed(outcome?.error);
  });
}

/** Stops the process for an error that is a bug of ours. */
export function report(loop: Loop, name: string, error: unknown): void {
  if (isFailed(error)) return;
  loop.panic(error instanceof Error ? error : new Error(String(error)), name);
}
