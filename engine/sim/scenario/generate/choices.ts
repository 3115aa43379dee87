/**
 * What the parts of the generator draw alike.
 *
 * @module
 */

import { HOUR, MILLISECOND, SECOND } from "../../../core/base/units.ts";
import type { Prng } from "../../prng.ts";
import type { Direction, FaultAction, HostName, Place, WorldSpec } from "../scenario.ts";

/** When the machines are under protection at the earliest and faults begin, µs. */
export const SETUP = 100 * MILLISECOND;

/** A server stops at one of its next calls to storage or network. */
export function crashFault(random: Prng): FaultAction & { readonly kind: "crash" } {
  return {
    kind: "crash",
    host: anyHost(random),
    calls: random.between(1, random.pick([10, 40, 200])),
    when: random.pick(["before", "after", "torn"]),
    how: random.pick(["kill", "power"]),
    down: downtime(random),
  };
}

/** How long a server is down, µs. */
export function downtime(random: Prng): number {
  return random.pick([MILLISECOND, 100 * MILLISECOND, SECOND, 5 * SECOND]);
}

/** Mostly short, seldom long. */
export function span(random: Prng, seconds: number): number {
  return Math.min(seconds * SECOND, 20 * MILLISECOND + random.exponential((seconds * SECOND) / 8));
}

/** How far a wall clock is set, µs; back or forth. */
export function clockJump(random: Prng): number {
  const size = random.pick([SECOND, 288 * SECOND, HOUR, 40 * 24 * HOUR]);
  return random.flip() ? size : -size;
}

/** Either server. */
export function anyHost(random: Prng): HostName {
  return random.flip() ? "a" : "b";
}

/** A direction of the link; mostly both. */
export function anyWay(random: Prng): Direction {
  return random.pick(["both", "both", "a>b", "b>a"]);
}

/** Any disk of any machine. */
export function anyDisk(
  random: Prng,
  world: WorldSpec,
): { readonly vm: number; readonly disk: number } {
  const vm = random.below(world.machines.length);
  return { vm, disk: random.below(world.machines[vm]?.disks.length ?? 1) };
}

/** A place of storage: what the replica is kept on, or at the primary its log, its state or a disk. */
export function anyPlace(random: Prng, world: WorldSpec): { host: HostName; place: Place } {
  const choice = random.below(5);
  if (choice < 2) return { host: "b", place: "data" };
  if (choice === 2) return { host: "a", place: "data" };
  return { host: "a", place: choice === 3 ? "logs" : anyDisk(random, world) };
}
