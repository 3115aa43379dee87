/**
 * Steps of a script as events of the simulated world.
 *
 * @module
 */

import { asObject, type Json, type JsonObject } from "../../engine/core/base/json.ts";
import type { GuestAction, HostName, ScenarioEvent } from "../../engine/sim/scenario/scenario.ts";
import { SECTOR_SIZE } from "../../engine/sim/sectors.ts";
import type { DrillScenario, GuestStep, VerbStep } from "../scenario/drill_scenario.ts";
import { carefulAction } from "./careful_verbs.ts";
import type { HomeOf } from "./faults_in_force.ts";
import { bytesFor } from "./simulated_world.ts";

/** What happens, at a time that its caller knows. */
type Happening = ScenarioEvent extends infer E ? E extends ScenarioEvent ? Omit<E, "at"> : never
  : never;

/** The site of a name. */
export function hostNamed(name: Json | undefined, { world: { sites } }: DrillScenario): HostName {
  return name === sites[0].name ? "a" : "b";
}

/**
 * A verb, at the side `host` of its machine or at that site where it is about a whole server; `args` are in the units of the
 * simulated world.
 */
export function verbEvent(
  scenario: DrillScenario,
  step: VerbStep,
  host: HostName,
  args: JsonObject,
  homeOf: HomeOf,
): Happening {
  const { verb, vm, on } = step;
  const index = scenario.world.machines.findIndex(({ name }) => name === vm);
  if (step.careful === true) {
    const named = on === "" ? undefined : hostNamed(on, scenario);
    return carefulAction(step, { vm: index, home: homeOf(index), named, args });
  }
  return { kind: "verb", host, verb, args, ...(index < 0 ? {} : { vm: index }) };
}

/** Arguments as the simulated servers take them: what is data is scaled, and sites are hosts. */
export function simulatedArguments(step: VerbStep, scenario: DrillScenario): JsonObject {
  const factor = bytesFor(scenario.world);
  const hostOf = (site: Json | undefined) => hostNamed(site, scenario);
  const told: Record<string, Json> = {};
  for (const [name, value] of Object.entries(step.args)) {
    if (value === undefined) continue;
    const known = asObject(value);
    if (known?.["at"] !== undefined) told[name] = { at: hostOf(known["at"]) };
    else if (name === "size") told[name] = Number(value) / factor;
    else if (name === "bandwidth") told[name] = Math.ceil(Number(value) / factor);
    else if (name === "bandwidthTo") {
      told[name] = Object.fromEntries(
        Object.entries(known ?? {}).map(([address, rate]) => [
          address.replace(/^[^:]*/, hostOf),
          Math.ceil(Number(rate) / factor),
        ]),
      );
    } else if (name !== "to") told[name] = value;
    // Whoever forgets where to replicate to types nothing there, and the engine refuses that.
    else if (value !== "") told[name] = `${hostOf(value)}:7700`;
  }
  return told;
}

/** What a guest is told to ask of its disk; undefined for what is not about a disk. */
export function guestEvent(step: GuestStep, scenario: DrillScenario): GuestAction | undefined {
  const { guest, disk, rough } = step;
  const vm = scenario.world.machines.findIndex(({ name }) => name === step.vm);
  const factor = bytesFor(scenario.world);
  const sector = Math.floor(step.offset / factor / SECTOR_SIZE);
  const count = Math.max(1, Math.ceil(step.length / factor / SECTOR_SIZE));
  switch (guest) {
    case "write":
      return { kind: "write", vm, disk, sector, count, rough };
    case "zero":
    case "read":
      return { kind: guest, vm, disk, sector, count };
    case "flush":
      return { kind: "flush", vm, disk };
    case "reconnect":
      return { kind: "reconnect", vm };
    case "stop":
    case "start":
      return undefined;
  }
}
