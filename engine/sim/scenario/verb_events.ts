/**
 * Verbs of the engine's table as events of a scenario: the words that an administrator types, and the verb's own arguments.
 *
 * Rule: the words are those of `VERBS`, from which the command line and its documentation have them too; a scenario that
 * asks for another verb, or gives one an argument that it does not take, is an error before its run begins. What is missing
 * or cannot be is for the engine to refuse, as it refuses it to anybody.
 *
 * @module
 */

import { asObject, type Json, type JsonObject } from "../../core/base/json.ts";
import { VERBS } from "../../core/server/verbs.ts";
import type { Drill } from "./drill.ts";
import { type MachineRun, primaryOf, replicaOf } from "./machine_run.ts";
import type { HostName, ScenarioEvent, VerbAction } from "./scenario.ts";

/** An id of no point and no generation. */
const NOBODY = "0".repeat(32);

/** Throws for an event that asks for what the engine's table of verbs does not have. */
export function checkVerbs(events: readonly ScenarioEvent[]): void {
  for (const event of events) if (event.kind === "verb") checkVerb(event);
}

function checkVerb({ verb, args = {} }: VerbAction): void {
  const definition = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (definition === undefined) {
    throw new Error(`A scenario asks for "${verb}", and the engine has no such verb`);
  }
  const known = definition.args.map((name) => name.replace("?", ""));
  const strange = Object.keys(args).find((name) => !known.includes(name));
  if (strange === undefined) return;
  const takes = known.length === 0 ? "nothing" : known.join(", ");
  throw new Error(`A scenario gives "${verb}" the argument "${strange}"; it takes ${takes}`);
}

/** What the verb of an event is told: the machine's name, and what only the run knows. */
export function argumentsOf(
  drill: Drill,
  machine: MachineRun | undefined,
  { args = {} }: VerbAction,
): JsonObject {
  const told: Record<string, Json | undefined> = machine === undefined
    ? {}
    : { vm: machine.guest.vm };
  for (const [name, value] of Object.entries(args)) {
    told[name] = machine === undefined ? value : meant(drill, machine, name, value);
  }
  return told as JsonObject;
}

/** How many points before the newest one are meant; `undefined` where a point is named, or none is. */
export function backOf(args: JsonObject | undefined): number | undefined {
  const back = asObject(args?.["point"] ?? null)?.["newest"];
  return typeof back === "number" ? back : undefined;
}

/** Texts of which a scenario cannot know more than what they stand for; of nothing that is there, where it is not. */
function meant(
  drill: Drill,
  machine: MachineRun,
  name: string,
  value: Json | undefined,
): Json | undefined {
  const known = asObject(value ?? null);
  if (known === undefined) return value;
  if (name === "point") return pointOf(drill, machine, Number(known["newest"])) ?? NOBODY;
  if (name === "keep") return generationAt(drill, machine, known["at"] as HostName) ?? NOBODY;
  if (name === "path") return packageOf(drill, machine) ?? "/nowhere";
  return value;
}

/** The newest sound point of its replica but so many. */
function pointOf(drill: Drill, machine: MachineRun, back: number): string | undefined {
  const server = drill.awayOf(machine).current?.server;
  const points = server === undefined
    ? []
    : replicaOf(server, machine.guest.vm)?.store.points ?? [];
  const sound = points.filter(({ broken }) => broken === undefined);
  return sound[Math.max(0, sound.length - 1 - back)]?.id;
}

/** The generation in which it is written at a host. */
function generationAt(drill: Drill, machine: MachineRun, at: HostName): string | undefined {
  const server = drill.sites[at].current?.server;
  return server === undefined ? undefined : primaryOf(server, machine.guest.vm)?.generation;
}

/** The package that its primary has exported. */
function packageOf(drill: Drill, machine: MachineRun): string | undefined {
  const server = drill.homeOf(machine).current?.server;
  const real = server === undefined ? undefined : primaryOf(server, machine.guest.vm);
  return real?.plan?.exported?.folder;
}
