/**
 * Faults of a script as the simulated world suffers them: which are in force, and what each is in its units.
 *
 * @module
 */

import type { FaultDefinition, Suffering, Target } from "../../engine/sim/faults/definition.ts";
import { FAULTS, lowerFault } from "../../engine/sim/faults/registry.ts";
import { SECTOR_SIZE } from "../../engine/sim/sectors.ts";
import type { DrillScenario, FaultStep, StepHead } from "../scenario/drill_scenario.ts";
import { bytesFor } from "./simulated_world.ts";

/** Where a machine's primary is: known only while it runs. */
export type HomeOf = (vm: number) => "a" | "b";

/** The kind of a fault; the reader has seen that there is one. */
export function definitionOf({ fault }: FaultStep): FaultDefinition {
  const found = FAULTS.get(fault);
  if (found === undefined) throw new Error(`There is no fault "${fault}"`);
  return found;
}

/** What a fault does to the simulated world when it happens. */
export function actionsOf(
  step: StepHead & FaultStep,
  drill: DrillScenario,
  homeOf: HomeOf,
): readonly Suffering[] {
  const lasts = step.for === 0 ? Math.max(1, drill.end) : step.for;
  const target = targetOf(step.on, drill, homeOf);
  return lowerFault(definitionOf(step), target, step.params, lasts, bytesFor(drill.world));
}

/** What a name in a script means: the link, a site, a machine, `VM/N` for one of its disks, `VM/N@SITE` for that at a site. */
export function targetOf(on: string, { world }: DrillScenario, homeOf: HomeOf): Target {
  if (on === world.link.name) return { kind: "link" };
  const site = world.sites.findIndex(({ name }) => name === on);
  if (site >= 0) return { kind: "site", host: site === 0 ? "a" : "b" };
  const [name, disk, where] = on.split(/[/@]/);
  const vm = world.machines.findIndex((machine) => machine.name === name);
  const machine = world.machines[vm];
  if (machine === undefined) throw new Error(`Nothing in this drill is called "${on}"`);
  const home = where === undefined ? homeOf(vm) : where === world.sites[0].name ? "a" : "b";
  if (disk === undefined) return { kind: "machine", vm, home };
  const bytes = machine.disks[Number(disk)] ?? 0;
  const sectors = bytes / bytesFor(world) / SECTOR_SIZE;
  return { kind: "disk", vm, disk: Number(disk), home, sectors };
}
