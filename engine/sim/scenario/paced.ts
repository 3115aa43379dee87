/**
 * Runs of the world that whoever drives them may stop after any event: each yield is where that many have happened as were to.
 *
 * Rule: they let happen just what `SimWorld.runUntil` and `runWhile` do.
 *
 * @module
 */

import type { SimWorld } from "../world.ts";

/** How many events may happen until the next yield: whoever drives a run sets it before each of its steps. */
export interface Pace {
  left: number;
}

/** A part of a run. */
export type Paced = Generator<undefined, void, void>;

/** Until world time is `time` µs, nothing is left to happen, or something was found wrong. */
export function* until(world: SimWorld, pace: Pace, time: number): Paced {
  world.settle();
  while (!world.stopped) {
    const { nextTime } = world;
    if (nextTime === undefined || nextTime > time) {
      world.runUntil(time);
      return;
    }
    world.step();
    if (--pace.left <= 0) yield;
  }
}

/** For `micros` of world time. */
export function* during(world: SimWorld, pace: Pace, micros: number): Paced {
  yield* until(world, pace, world.now + micros);
}

/** While `condition` holds, looked at after every event, for at most `limit` µs. */
export function* as(
  world: SimWorld,
  pace: Pace,
  condition: () => boolean,
  limit: number,
): Paced {
  const end = world.now + limit;
  world.settle();
  while (condition() && !world.stopped) {
    const { nextTime } = world;
    if (nextTime === undefined || nextTime > end) return;
    world.step();
    if (--pace.left <= 0) yield;
  }
}
