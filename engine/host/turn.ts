/**
 * Turns of the event loop: how long this thread has worked without letting sockets and timers in.
 *
 * Rule: synchronous work asks `turnIsUp` before each piece of it and goes through `nextTurn` when
 * it is. Most disk I/O ends at once out of the page cache, so a task that reads a whole disk would
 * otherwise never suspend. A turn through the event loop costs about 4 µs.
 *
 * @module
 */

import { clearImmediate, setImmediate } from "node:timers";
import type { Token } from "../core/runtime/loop.ts";
import { suspend, type Task, type Wait } from "../core/runtime/task.ts";

/** Milliseconds of work after which others get their turn. */
const TURN_MAX = 0.5;

/** One thread has one event loop, so this is a property of the thread. */
let turnBegan = performance.now();

/** Says that the event loop has just handed the thread over. */
export function beginTurn(): void {
  turnBegan = performance.now();
}

/**
 * True when work has gone on for so long, at `now` of `performance.now()`, that it should pause.
 */
export function turnIsUp(now: number): boolean {
  return now - turnBegan > TURN_MAX;
}

const NEXT_TURN: Wait = {
  begin(token: Token) {
    const immediate = setImmediate(() => {
      beginTurn();
      token.resume();
    });
    return () => clearImmediate(immediate);
  },
};

/** Lets everything that waits for this thread go first. Can be cancelled. */
export function nextTurn(): Task<void> {
  return suspend<void>(NEXT_TURN);
}
