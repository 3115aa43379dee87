/**
 * What a fault can hit in a scenario, and for how long it does where nobody chose.
 *
 * @module
 */

import type { TargetKind } from "../../engine/sim/faults/definition.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";
import { quantityText } from "../../lab/scenario/quantities.ts";

/** What can be hit, as the script names it. */
export function targetsOf(kinds: readonly TargetKind[], { world }: DrillScenario): string[] {
  return kinds.flatMap((kind) => {
    switch (kind) {
      case "site":
        return world.sites.map(({ name }) => name);
      case "link":
        return [world.link.name];
      case "machine":
        return world.machines.map(({ name }) => name);
      case "disk":
        return world.machines.flatMap(({ name, disks }) =>
          disks.map((_, disk) => `${name}/${disk}`)
        );
    }
  });
}

/** How long a fault lasts that nobody chose a time for: long enough to be seen in this drill. */
export function usualTime({ end }: DrillScenario): string {
  const minute = 60_000_000;
  return quantityText("time", Math.max(minute, Math.round(end / 10 / minute) * minute));
}
