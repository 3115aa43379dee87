/**
 * Every kind of fault: how often it is drawn, how many of it a run has at most, and how each is made.
 *
 * Rule: the same weights for everybody; no bug is looked for by name.
 *
 * @module
 */

import { MILLISECOND, SECOND } from "../../../core/base/units.ts";
import type { Prng } from "../../prng.ts";
import type { FaultAction, WorldSpec } from "../scenario.ts";
import {
  anyDisk,
  anyHost,
  anyPlace,
  anyWay,
  clockJump,
  crashFault,
  downtime,
  span,
} from "./choices.ts";

/** How one kind of fault is drawn, and how many of it a run has at most. */
export interface FaultKind {
  readonly name: string;
  readonly most: number;
  /** One of so many runs has it; 2 by default. */
  readonly rarity?: number;
  make(random: Prng, world: WorldSpec): FaultAction;
}

/** The table of all kinds. */
export const FAULTS: readonly FaultKind[] = [
  {
    name: "kill-a",
    most: 4,
    make: (random) => ({ kind: "kill", host: "a", down: downtime(random) }),
  },
  {
    name: "kill-b",
    most: 4,
    make: (random) => ({ kind: "kill", host: "b", down: downtime(random) }),
  },
  {
    name: "power-a",
    most: 3,
    make: (random) => ({ kind: "power", host: "a", down: downtime(random) }),
  },
  {
    name: "power-b",
    most: 3,
    make: (random) => ({ kind: "power", host: "b", down: downtime(random) }),
  },
  { name: "crash", most: 6, make: crashFault },
  { name: "crash-storm", most: 3, rarity: 6, make: crashFault },
  {
    name: "pause",
    most: 2,
    rarity: 3,
    make: (random) => ({ kind: "pause", host: anyHost(random), lasts: span(random, 40) }),
  },
  {
    name: "lag",
    most: 1,
    rarity: 6,
    make: (random) => ({
      kind: "lag",
      host: anyHost(random),
      lag: random.pick([20, 200, 2000]),
      lasts: span(random, 20),
    }),
  },
  {
    name: "clock",
    most: 4,
    make: (random) => ({ kind: "clock", host: anyHost(random), by: clockJump(random) }),
  },
  { name: "io", most: 3, rarity: 4, make: ioFault },
  {
    name: "latent",
    most: 3,
    rarity: 5,
    make: (random, world) => {
      const place = anyDisk(random, world);
      const size = world.machines[place.vm]?.disks[place.disk] ?? 1;
      const sector = random.below(size);
      return { kind: "latent", host: "a", place, sector, sticky: random.flip() };
    },
  },
  {
    name: "outside",
    most: 2,
    rarity: 6,
    make: (random, world) => {
      const place = anyDisk(random, world);
      const sector = random.below(world.machines[place.vm]?.disks[place.disk] ?? 1);
      const fill = 1 + random.below(255);
      return { kind: "outside", ...place, sector, fill, down: downtime(random) };
    },
  },
  {
    name: "lose-log",
    most: 2,
    rarity: 5,
    make: (random, world) => {
      return { kind: "lose-log", ...anyDisk(random, world), down: downtime(random) };
    },
  },
  {
    name: "crash-naming",
    most: 3,
    rarity: 6,
    make: (random) => ({
      kind: "crash-naming",
      host: random.below(4) === 0 ? "a" : "b",
      renames: random.between(1, random.pick([4, 12])),
      when: random.below(4) === 0 ? "before" : "after",
      how: random.pick(["kill", "power"]),
      down: downtime(random),
    }),
  },
  {
    name: "touch",
    most: 2,
    rarity: 12,
    make: (random, world) => ({ kind: "touch", ...anyDisk(random, world), down: downtime(random) }),
  },
  {
    name: "rot",
    most: 2,
    rarity: 8,
    make: (random) => ({ kind: "rot", pick: random.u32(), bit: random.below(8) }),
  },
  {
    name: "old-state",
    most: 2,
    rarity: 8,
    make: (random, world) => ({
      kind: "old-state",
      vm: random.below(world.machines.length),
      age: random.pick([100 * MILLISECOND, 2 * SECOND, 10 * SECOND]) + random.below(SECOND),
      down: downtime(random),
    }),
  },
  {
    name: "slow",
    most: 3,
    rarity: 3,
    make: (random, world) => ({
      kind: "slow",
      ...anyPlace(random, world),
      factor: random.pick([10, 100]),
      lasts: span(random, 20),
    }),
  },
  {
    name: "stall",
    most: 3,
    rarity: 3,
    make: (random, world) => ({
      kind: "stall",
      ...anyPlace(random, world),
      lasts: random.pick([20 * MILLISECOND, 200 * MILLISECOND, 2 * SECOND]),
    }),
  },
  {
    name: "full",
    most: 2,
    rarity: 4,
    make: (random) => ({
      kind: "full",
      host: anyHost(random),
      place: random.pick(["data", "logs"]),
      lasts: span(random, 20),
    }),
  },
  {
    name: "full-logs",
    most: 3,
    rarity: 3,
    make: (random) => ({ kind: "full", host: "a", place: "logs", lasts: span(random, 60) }),
  },
  {
    name: "partition",
    most: 3,
    make: (random) => ({ kind: "partition", way: anyWay(random), lasts: span(random, 40) }),
  },
  {
    name: "link",
    most: 3,
    make: (random) => ({
      kind: "link",
      what: random.pick(["lossRate", "duplicateRate", "reorderRate", "corruptRate"]),
      way: anyWay(random),
      rate: random.pick([2_000, 20_000, 100_000]),
      lasts: span(random, 30),
    }),
  },
  {
    name: "link-stall",
    most: 2,
    rarity: 3,
    make: (random) => ({ kind: "link-stall", way: anyWay(random), lasts: span(random, 10) }),
  },
  {
    name: "link-slow",
    most: 1,
    rarity: 3,
    make: (random) => ({
      kind: "link-slow",
      bandwidth: random.pick([2_000, 10_000]),
      lasts: span(random, 30),
    }),
  },
  { name: "reset", most: 5, make: () => ({ kind: "reset" }) },
  {
    name: "refuse",
    most: 2,
    rarity: 4,
    make: (random) => ({
      kind: "refuse",
      what: random.pick(["refuse", "hang"]),
      lasts: span(random, 10),
    }),
  },
  {
    name: "stale",
    most: 3,
    rarity: 4,
    make: (random, world) => ({
      kind: "stale",
      vm: random.below(world.machines.length),
      what: random.pick(["generation", "parent", "writer"]),
    }),
  },
  {
    name: "destroy-b",
    most: 1,
    rarity: 40,
    make: (random) => ({ kind: "destroy", host: "b", down: downtime(random) }),
  },
  {
    name: "destroy-a",
    most: 1,
    rarity: 16,
    make: (random) => ({ kind: "destroy", host: "a", down: downtime(random) }),
  },
];

/** The next calls of one kind to a place fail. */
function ioFault(random: Prng, world: WorldSpec): FaultAction {
  const what = random.pick(["failReads", "failWrites", "failFlushes"] as const);
  return { kind: "io", ...anyPlace(random, world), what, count: random.pick([1, 1, 3]) };
}

/** Every kind of fault that the generator knows, by name. */
export const FAULT_NAMES: readonly string[] = FAULTS.map(({ name }) => name);
