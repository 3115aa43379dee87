/**
 * Where conformance suites run: what a world gives so that one suite judges its adapters.
 *
 * The simulated world drives its event queue until a task is done; the real world drives a loop by
 * promises. A suite never knows which.
 *
 * @module
 */

import type { Clock } from "../../engine/core/ports/clock.ts";
import type { Task } from "../../engine/core/runtime/task.ts";

/** A process in some world, able to run tasks. Made for one test and ended after it. */
export interface Stage {
  /** The clock of the process. */
  readonly clock: Clock;
  /** Runs a task in the process's loop to its end; what it throws is thrown. */
  run<T>(task: Task<T>): Promise<T> | T;
  /** Ends the process and gives everything back: folders, sockets, timers. */
  end(): Promise<void> | void;
}

/** Makes the stage of one test. */
export type Staging<S extends Stage> = () => Promise<S> | S;

/** Defines one test of a suite: a law, as a fact, and the task that looks whether it holds. */
export function law<S extends Stage>(
  suite: string,
  staging: Staging<S>,
  fact: string,
  body: (stage: S) => Task<void>,
): void {
  Deno.test(`${suite}: ${fact}`, async () => {
    const stage = await staging();
    try {
      await stage.run(body(stage));
    } finally {
      await stage.end();
    }
  });
}

/** What `task` throws; fails when it throws nothing. */
export function* thrownBy(task: Task<unknown>): Task<unknown> {
  try {
    yield* task;
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

/** `length` bytes that differ by position and `seed`. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2654435761) >>> 0;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
