/**
 * Runs of the world that whoever drives them may stop after any event: each yield is one event that happened.
 *
 * Rule: they let happen just what `SimWorld.runUntil` and `runWhile` do.
 *
 * @module
 */

import type { SimWorld } from "../world.ts";

/** A part of a run. */
export type Paced = Generator<undefined, void, void>;

/** Until world time is `time` µs, nothing is left to happen, or something was found wrong. */
export function* until(world: SimWorld, time: number): Paced {
  world.settle();
  while (!world.stopped) {
    const { nextTime } = world;
    if (nextTime === undefined || nextTime > time) {
      world.runUntil(time);
      return;
    }
    world.step();
    yield;
  }
}

/** For `micros` of world time. */
export function* during(world: SimWorld, micros: number): Paced {
  yield* until(world, world.now + micros);
}

/** While `condition` holds, looked at after every event, for at most `limit` µs. */
export function* as(world: SimWorld, condition: () => boolean, limit: number): Paced {
  const end = world.now + limit;
  world.settle();
  while (condition() && !world.stopped) {
    const { nextTime } = world;
    if (nextTime === undefined || nextTime > end) return;
    world.step();
    yield;
  }
}
