/**
 * A loop for tests: drained by hand, with waits that a test completes.
 *
 * @module
 */

import { Loop, type Run, type Token } from "../../../../engine/core/runtime/loop.ts";
import { suspend, type Task, type Wait } from "../../../../engine/core/runtime/task.ts";

/** A loop that keeps its panics. */
export class TestLoop {
  /** Panics: the tasks' names. */
  readonly panics: string[] = [];
  /** How often it asked to be drained. */
  wakes = 0;
  /** The loop. */
  readonly loop: Loop = new Loop(() => this.wakes++, (_error, task) => this.panics.push(task));

  /** Starts a task and runs everything runnable. */
  start<T>(task: Task<T>, name = "test"): Run<T> {
    const run = this.loop.start(name, task);
    this.loop.drain();
    return run;
  }

  /** The value of a task that ends without outside help; what it throws is thrown. */
  value<T>(task: Task<T>): T {
    const { outcome } = this.start(task);
    if (outcome === undefined) throw new Error("The task did not end");
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  }
}

/** A wait that a test completes. */
export class Door implements Wait {
  /** The tokens of all who wait or waited. */
  readonly tokens: Token[] = [];
  /** How often a wait was taken back. */
  takenBack = 0;
  readonly #binding: boolean;

  /** A `binding` door cannot be taken back, like a disk write. */
  constructor(binding = false) {
    this.#binding = binding;
  }

  /** Waits for the door. */
  pass<T = unknown>(): Task<T> {
    return suspend<T>(this);
  }

  /** Lets the one who came last through with `value`. */
  open(value?: unknown): void {
    this.tokens.at(-1)?.resume(value);
  }

  begin(token: Token): (() => void) | undefined {
    this.tokens.push(token);
    return this.#binding ? undefined : () => this.takenBack++;
  }
}

/** True while a task has not ended. */
export function pending(run: { readonly outcome: unknown } | undefined): boolean {
  return run?.outcome === undefined;
}
