/**
 * Verbs that whoever types them sees to, as the simulated administrators do it.
 *
 * Rule: the reader has seen that they can be (`lab/scenario/careful_meaning.ts`); here each is only given its name.
 *
 * @module
 */

import type { JsonObject } from "../../engine/core/base/json.ts";
import type {
  HostName,
  OperatorAction,
  RoleAction,
  ServerAction,
} from "../../engine/sim/scenario/scenario.ts";
import { SECTOR_SIZE } from "../../engine/sim/sectors.ts";
import { backOf } from "../../engine/sim/scenario/verb_events.ts";
import type { VerbStep } from "../scenario/drill_scenario.ts";
import { ENTRY_PLACES } from "../scenario/careful_meaning.ts";
import type { CarefulVerb } from "../scenario/verb_words.ts";

/** What a careful verb is about. */
export interface CarefulGround {
  /** The machine, by its number. */
  readonly vm: number;
  /** Where its primary is. */
  readonly home: HostName;
  /** The site that the step names; undefined where it names none. */
  readonly named: HostName | undefined;
  /** The verb's arguments, in the units of the simulated world. */
  readonly args: JsonObject;
}

/** What the administrators are to do. */
export function carefulAction(
  step: VerbStep,
  ground: CarefulGround,
): OperatorAction | ServerAction {
  const { vm, args } = ground;
  const back = backOf(args) ?? 0;
  switch (step.verb as CarefulVerb) {
    case "replication cycle":
      return args["appConsistent"] === true ? { kind: "rest", vm } : { kind: "cycle", vm };
    case "replication set":
      return { kind: "set", vm, change: args };
    case "replication disable":
      if (step.side === "replica") return { kind: "forget", vm };
      return { kind: "disable", vm, remove: false };
    case "vm remove":
      return { kind: "disable", vm, remove: true };
    case "vm disk add":
      return { kind: "disk", vm, change: "add" };
    case "vm disk remove":
      return { kind: "disk", vm, change: "remove" };
    case "vm disk exclude":
      return { kind: "disk", vm, change: args["off"] === true ? "include" : "exclude" };
    case "vm disk grow": {
      const sectors = Number(args["size"]) / SECTOR_SIZE;
      return { kind: "grow", vm, disk: Number(args["disk"]), sectors };
    }
    case "points export":
      return { kind: "export", vm, back };
    case "failover planned":
      return role("planned", ground);
    case "failover prepare":
      return role("prepare", ground);
    case "failover reverse":
      return role("reverse", ground);
    case "failover test":
      if (args["delete"] !== undefined) return { kind: "test-delete", vm };
      return { kind: "test", vm, back, writes: step.writes ?? 0 };
    case "failover start":
      return { kind: "failover", vm, back };
    case "failover cancel":
      if (step.on === "" && step.side !== "primary") return { kind: "cancel", vm };
      return role(args["force"] === true ? "force" : "cancel", ground);
    case "failover complete":
      return { kind: "complete", vm };
    case "authorization add": {
      const place = ENTRY_PLACES.find(({ location }) => location === (args["location"] ?? ""));
      return { kind: "authorize", allowed: true, place: place?.place ?? "home" };
    }
    case "authorization remove":
      return { kind: "authorize", allowed: false, place: "home" };
    case "server set":
      return { kind: "limit", bandwidth: Number(args["bandwidth"]) };
  }
}

/** A step of a machine's way to the other side: a reversal is asked for where it goes, all else where it comes from. */
function role(what: RoleAction["what"], { vm, home, named }: CarefulGround): RoleAction {
  const other = (host: HostName): HostName => host === "a" ? "b" : "a";
  const to = named === undefined ? other(home) : what === "reverse" ? named : other(named);
  return { kind: "role", vm, what, to };
}
