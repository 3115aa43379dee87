/**
 * Disks that grow, come and go.
 *
 * @module
 */

import { MILLISECOND, SECOND } from "../../../core/base/units.ts";
import type { Prng } from "../../prng.ts";
import type { ScenarioEvent, WorldSpec } from "../scenario.ts";

/** Disks come to machines and go, beside those of their guests; where nothing is made of these elsewhere. */
export function spareDisks(
  root: Prng,
  world: WorldSpec,
  active: number,
  events: ScenarioEvent[],
): void {
  for (const vm of world.machines.keys()) {
    const random = root.stream(`spare/${vm}`);
    const apart = events.some((event) =>
      (event.kind === "role" || event.kind === "first-copy") && event.vm === vm
    );
    if (random.below(4) > 0 || apart) continue;
    let at = random.below(active);
    events.push({ at, kind: "disk", vm, change: "add" });
    // What was refused, or lost with its server, is asked for again.
    events.push({ at: at + 2 * SECOND, kind: "disk", vm, change: "add" });
    for (let more = random.below(5); more > 0; more--) {
      at += random.exponential(3 * SECOND);
      const change = random.pick(["remove", "exclude", "include", "add"] as const);
      events.push({ at, kind: "disk", vm, change });
    }
  }
}

/** Disks grow, and their guests write behind the old end at once. */
export function growth(
  random: Prng,
  { blockSize, machines }: WorldSpec,
  vm: number,
  active: number,
  events: ScenarioEvent[],
): void {
  if (random.below(3) > 0) return;
  const sizes = [...machines[vm]?.disks ?? []];
  const times: number[] = [];
  for (let count = random.between(1, 3); count > 0; count--) times.push(random.between(0, active));
  for (const at of times.sort((left, right) => left - right)) {
    const disk = random.below(sizes.length);
    const before = sizes[disk] as number;
    const more = random.between(1, 48) * (blockSize / 512);
    sizes[disk] = before + more;
    events.push({ at, kind: "grow", vm, disk, sectors: before + more });
    for (let writes = random.between(1, 6); writes > 0; writes--) {
      const count = random.between(1, Math.min(8, more));
      // Some of it lies across the old end.
      const sector = Math.max(0, before - 2 + random.below(more - count + 3));
      const later = at + random.exponential(200 * MILLISECOND);
      events.push({ at: later, kind: "write", vm, disk, sector, count, rough: random.flip() });
    }
  }
}
