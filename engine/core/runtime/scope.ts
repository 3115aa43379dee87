/**
 * Scopes: who owns which tasks, and how they are stopped in order (E2).
 *
 * @module
 */

import { AssertionError } from "../base/assert.ts";
import { isFailed } from "../base/failure.ts";
import type { Loop, Outcome, Run, RunOwner, Token } from "./loop.ts";
import { Line } from "./line.ts";
import { suspend, type Task, type Wait } from "./task.ts";

/** A started task that somebody will join. */
export class Handle<T> {
  readonly #run: Run<T>;

  /** Made by `Scope.start` alone. */
  constructor(run: Run<T>) {
    this.#run = run;
  }

  /** True when the task has ended, one way or the other. */
  get ended(): boolean {
    return this.#run.outcome !== undefined;
  }

  /** What became of the task; `undefined` while it runs. */
  get outcome(): Outcome<T> | undefined {
    return this.#run.outcome;
  }

  /** Waits for the end; returns the task's value or throws what it threw. */
  *join(): Task<T> {
    yield* ended(this.#run);
    const outcome = this.#run.outcome as Outcome<T>;
    if (outcome.ok) return outcome.value;
    throw outcome.error;
  }

  /** Cancels the task and waits until it has ended; its outcome is dropped. */
  *cancel(): Task<void> {
    this.#run.interrupt();
    yield* ended(this.#run);
  }
}

/** Owns tasks: they end when it does. */
export class Scope implements RunOwner {
  /** The loop in which the tasks run. */
  readonly loop: Loop;
  /** For traces. */
  readonly name: string;
  readonly #runs = new Line<Run>();
  readonly #onFailure: ((error: Error, task: string) => void) | undefined;
  #closed = false;

  /** Failures of spawned tasks go to `onFailure`; without one they stop the process. */
  constructor(loop: Loop, name: string, onFailure?: (error: Error, task: string) => void) {
    this.loop = loop;
    this.name = name;
    this.#onFailure = onFailure;
  }

  /** True once `cancel` was called: nothing can be started any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Starts a task that nobody joins. What it throws goes to the scope's `onFailure`. What a task that was asked to stop
   * fails with in its `finally` blocks is no failure of its work, and stops no process where nobody listens.
   */
  spawn(name: string, task: Task<unknown>): void {
    this.#begin(name, task, false);
  }

  /** Starts a task whose outcome the caller joins. An assertion in it still stops the process. */
  start<T>(name: string, task: Task<T>): Handle<T> {
    return new Handle(this.#begin(name, task as Task<unknown>, true) as Run<T>);
  }

  #begin(name: string, task: Task<unknown>, joined: boolean): Run {
    const run = this.loop.start(name, task, this, joined);
    this.#runs.add(run);
    if (this.#closed) run.interrupt();
    return run;
  }

  /** For `Run` alone. */
  runEnded(run: Run, joined: boolean): void {
    this.#runs.delete(run);
    const outcome = run.outcome as Outcome<unknown>;
    if (outcome.ok) return;
    const { error } = outcome;
    if (joined) {
      if (!isFailed(error)) this.loop.panic(error, run.name);
      return;
    }
    if (isFailed(error, "cancelled")) return;
    if (run.interrupted && this.#onFailure === undefined && isFailed(error)) return;
    this.#failed(error, run.name);
  }

  #failed(error: Error, name: string): void {
    if (error instanceof AssertionError || !isFailed(error)) this.loop.panic(error, name);
    else if (this.#onFailure !== undefined) this.#onFailure(error, name);
    else this.loop.panic(error, name);
  }

  /** Cancels every task, and waits until all have ended; then the scope can start nothing. */
  *cancel(): Task<void> {
    this.#closed = true;
    while (this.#runs.size > 0) {
      const runs = this.#runs.all();
      for (const run of runs) run.interrupt();
      for (const run of runs) yield* ended(run);
    }
  }
}

/** Waits until a run has ended. */
export function ended(
  run: Run<never> | Run | { whenEnded(callback: () => void): void },
): Task<void> {
  return suspend<void>(new EndOf(run));
}

class EndOf implements Wait {
  readonly #run: { whenEnded(callback: () => void): void };

  constructor(run: { whenEnded(callback: () => void): void }) {
    this.#run = run;
  }

  begin(token: Token): () => void {
    this.#run.whenEnded(() => token.resume());
    return () => {};
  }
}
