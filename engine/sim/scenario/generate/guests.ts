/**
 * What guests do: bursts of writes to few places, and moments that are made to be awkward.
 *
 * @module
 */

import { MILLISECOND, SECOND } from "../../../core/base/units.ts";
import type { Prng } from "../../prng.ts";
import type { MachineSpec, ScenarioEvent, WorldSpec } from "../scenario.ts";
import { SETUP } from "./choices.ts";

/** Writes of all guests, at most. */
const WRITES_MAX = 240;

/** Writes come in bursts over the whole time; most of them go to few places. */
export function guestEvents(
  root: Prng,
  world: WorldSpec,
  active: number,
  events: ScenarioEvent[],
): void {
  for (const [vm, machine] of world.machines.entries()) {
    const random = root.stream(`guest/${vm}`);
    const budget = Math.floor(random.between(20, WRITES_MAX) / world.machines.length);
    const zeros = random.flip() ? random.pick([5, 15, 40]) : 0;
    const rough = random.between(0, 100);
    const largest = random.pick([2, 8, 24]);
    const hot = machine.disks.map((size) => random.below(size));
    const spread = random.pick([3, 8, 1_000_000]);
    let at = random.flip() ? 0 : SETUP;
    let made = 0;
    while (made < budget && at < active) {
      const burst = random.flip() ? 1 : random.between(2, 12);
      const gap = random.pick([0, 20, 300, 3000]);
      for (let index = 0; index < burst; index++) {
        const disk = random.below(machine.disks.length);
        const size = machine.disks[disk] as number;
        const place = guestPlace(random, size, hot[disk] as number, spread, largest);
        events.push({ at, vm, disk, ...place, ...guestKind(random, zeros, rough) });
        if (random.below(12) === 0) events.push({ at: at + 1, kind: "flush", vm, disk });
        if (random.below(8) === 0) {
          events.push({ at: at + random.below(2000), kind: "read", vm, disk, ...place });
        }
        at += random.exponential(gap);
        made++;
      }
      at += random.exponential(Math.ceil((active * 3) / budget));
    }
    if (random.below(3) === 0) reconnects(random, vm, active, events);
    if (random.below(3) === 0) gates(root.stream(`gate/${vm}`), machine, vm, active, events);
    if (random.flip()) races(root.stream(`race/${vm}`), machine, vm, active, events);
  }
}

function guestKind(random: Prng, zeros: number, rough: number) {
  if (random.below(100) < zeros) return { kind: "zero" } as const;
  return { kind: "write", rough: random.below(100) < rough } as const;
}

function guestPlace(random: Prng, size: number, hot: number, spread: number, largest: number) {
  const count = Math.min(size, random.below(4) === 0 ? random.between(1, largest) : 1);
  const choice = random.below(10);
  // The last sectors of a disk are where arithmetic goes wrong.
  if (choice === 0) return { sector: size - count, count };
  const near = choice < 7 && spread < size;
  const sector = near ? (hot + random.below(spread)) % size : random.below(size);
  return { sector: Math.min(sector, size - count), count };
}

/** Cycles are asked for while guests write again what they have just written. */
function races(
  random: Prng,
  machine: MachineSpec,
  vm: number,
  active: number,
  events: ScenarioEvent[],
): void {
  const rounds = random.between(1, 4);
  for (let round = 0; round < rounds; round++) {
    const start = random.between(SETUP, active);
    const disk = random.below(machine.disks.length);
    const size = machine.disks[disk] as number;
    const first = random.below(size);
    const places = Array.from({ length: 4 }, (_, index) => (first + index * 3) % size);
    const write = (at: number, sector: number) =>
      events.push({ at, kind: "write", vm, disk, sector, count: 1, rough: true });
    for (const sector of places) write(start, sector);
    events.push({ at: start + 1000, kind: "cycle", vm });
    const span = random.pick([2, 20, 200]) * MILLISECOND;
    for (let index = 0; index < 10; index++) {
      const at = start + 1000 + random.below(span);
      write(at, random.pick(places));
    }
  }
}

/** A disk stands still with a write in it while a cycle is asked for: a gate that does not close in time (C1). */
function gates(
  random: Prng,
  machine: MachineSpec,
  vm: number,
  active: number,
  events: ScenarioEvent[],
): void {
  let at = random.between(SETUP, active);
  const disk = random.below(machine.disks.length);
  for (let count = random.pick([1, 1, 2, 8]); count > 0; count--) {
    const lasts = random.pick([40, 60, 100, 400]) * MILLISECOND;
    const sector = random.below(machine.disks[disk] as number);
    events.push({ at, kind: "stall", host: "a", place: { vm, disk }, lasts });
    events.push({ at: at + 10, kind: "write", vm, disk, sector, count: 1, rough: true });
    events.push({ at: at + 500, kind: "cycle", vm });
    at += lasts + random.between(MILLISECOND, SECOND);
  }
}

function reconnects(random: Prng, vm: number, active: number, events: ScenarioEvent[]): void {
  const count = random.between(1, 6);
  for (let index = 0; index < count; index++) {
    // Most often while something is under way: just behind a write.
    const writes = events.filter((event) => event.kind === "write" && event.vm === vm);
    const near = writes.length > 0 && random.below(4) > 0
      ? random.pick(writes).at + random.below(60)
      : random.below(active);
    events.push({ at: near, kind: "reconnect", vm });
  }
}
