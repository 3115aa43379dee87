/**
 * When faults of each kind come, and those that come close to something else.
 *
 * @module
 */

import { MILLISECOND, SECOND } from "../../../core/base/units.ts";
import type { Prng } from "../../prng.ts";
import type { ScenarioEvent, WorldSpec } from "../scenario.ts";
import { crashFault, downtime, SETUP } from "./choices.ts";
import { FAULTS } from "./fault_kinds.ts";

/** Faults of every kind that this run has. */
export function faultEvents(
  root: Prng,
  world: WorldSpec,
  active: number,
  events: ScenarioEvent[],
): void {
  for (const kind of FAULTS) {
    const random = root.stream(`fault/${kind.name}`);
    if (random.below(kind.rarity ?? 2) > 0) continue;
    const count = random.between(1, kind.most);
    for (let index = 0; index < count; index++) {
      const at = random.between(SETUP, active - 1);
      const fault = kind.make(random, world);
      events.push({ at, ...fault });
      // A crash that comes again soon meets the recovery from the first.
      if ((fault.kind === "kill" || fault.kind === "power") && random.below(4) === 0) {
        const again = crashFault(random);
        events.push({ at: at + fault.down, ...again, host: fault.host });
      }
      // Nobody looks while a replica is down.
      if (kind.name.endsWith("-b") && "down" in fault && random.below(10) === 0) {
        const pick = random.u32();
        events.push({ at: at + (fault.down >>> 1), kind: "rot", pick, bit: random.below(8) });
      }
    }
  }
}

/** The state comes back as it was a little before a failover began or was completed, and knows nothing of it. */
export function oldStatesAtFailovers(random: Prng, active: number, events: ScenarioEvent[]): void {
  if (random.flip()) return;
  for (const event of [...events]) {
    if ((event.kind !== "failover" && event.kind !== "complete") || random.flip()) continue;
    const before = random.pick([100 * MILLISECOND, SECOND, 5 * SECOND]) + random.below(SECOND);
    const at = event.at - before;
    const age = before + random.pick([50 * MILLISECOND, 500 * MILLISECOND, 3 * SECOND]);
    if (at < SETUP || at + age >= active) continue;
    events.push({ at, kind: "old-state", vm: event.vm, age, down: downtime(random) });
  }
}

/** A flush fails for a guest that asks again soon: what the failed one covered may be lost, and no other may succeed (T10). */
export function flushesAskedAgain(
  random: Prng,
  world: WorldSpec,
  active: number,
  events: ScenarioEvent[],
): void {
  if (random.below(10) > 0) return;
  const vm = random.below(world.machines.length);
  const disk = random.below(world.machines[vm]?.disks.length ?? 1);
  const place = { vm, disk };
  let at = random.between(SETUP, active - 1);
  events.push({ at, kind: "io", host: "a", place, what: "failFlushes", count: 1 });
  for (let count = random.between(2, 4); count > 0; count--) {
    at += random.pick([10, MILLISECOND, 100 * MILLISECOND]);
    events.push({ at, kind: "flush", ...place });
  }
}

/** The link is slow, so that deltas are on their way for long, and what the replica has of one rots. */
export function rotsOnTheWay(random: Prng, active: number, events: ScenarioEvent[]): void {
  if (random.below(12) > 0) return;
  for (let count = random.between(1, 3); count > 0; count--) {
    const at = random.between(SETUP, active - 1);
    const bandwidth = random.pick([2_000, 5_000, 20_000]);
    events.push({ at, kind: "link-slow", bandwidth, lasts: random.between(2, 10) * SECOND });
    const pick = random.u32();
    events.push({ at, kind: "rot-open", pick, bit: random.below(8), down: downtime(random) });
  }
}
