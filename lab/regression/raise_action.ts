/**
 * What guests and administrators of random runs do, as steps of a script.
 *
 * @module
 */
// Long because: one arm for each thing that administrators of random runs do.

import type { JsonObject } from "../../engine/core/base/json.ts";
import type {
  GuestAction,
  HostName,
  OperatorAction,
  ServerAction,
  VerbAction,
} from "../../engine/sim/scenario/scenario.ts";
import { SECTOR_SIZE } from "../../engine/sim/sectors.ts";
import { ENTRY_PLACES, EXPORT_FOLDER, spareDisk } from "../scenario/careful_meaning.ts";
import type { DrillWorld, GuestStep, VerbStep } from "../scenario/drill_scenario.ts";
import { argumentName, type CarefulVerb, VERB_WORDS } from "../scenario/verb_words.ts";

/** What a guest asks of its disk. */
export function raiseGuest(action: GuestAction, { machines }: DrillWorld): GuestStep {
  const vm = machines[action.vm]?.name ?? "";
  const nothing = { disk: 0, offset: 0, length: 0, rough: false };
  switch (action.kind) {
    case "reconnect":
      return { kind: "guest", guest: "reconnect", vm, ...nothing };
    case "flush":
      return { kind: "guest", guest: "flush", vm, ...nothing, disk: action.disk };
    default: {
      const { kind: guest, disk, sector, count } = action;
      const place = { disk, offset: sector * SECTOR_SIZE, length: count * SECTOR_SIZE };
      return { kind: "guest", guest, vm, ...place, rough: guest === "write" && action.rough };
    }
  }
}

/** Who types a verb where, and with which arguments. */
interface Asked {
  readonly verb: CarefulVerb;
  readonly args?: JsonObject;
  readonly on?: string;
  readonly side?: "replica";
  readonly writes?: number;
}

/** What an administrator does; undefined for what no step says. */
export function raiseOperator(
  action: OperatorAction | ServerAction,
  world: DrillWorld,
): VerbStep | undefined {
  const vm = "vm" in action ? world.machines[action.vm ?? -1]?.name ?? "" : "";
  if (action.kind === "verb") return typed(action, vm);
  const asked = careful(action, vm, world);
  if (asked === undefined) return undefined;
  const { verb, args = {}, on = "", side, writes } = asked;
  const manner = {
    ...(side === undefined ? {} : { side }),
    ...(writes === undefined ? {} : { writes }),
  };
  return { kind: "verb", verb, vm, on, args, careful: true, ...manner };
}

/** A verb word by word; undefined where an argument is missing that a script has to say. */
function typed({ host, verb, args = {} }: VerbAction, vm: string): VerbStep | undefined {
  const needed = Object.entries(VERB_WORDS[verb]?.args ?? {})
    .filter(([name, kind]) => argumentName(name) === name && kind !== "package")
    .map(([name]) => name);
  const others = needed.some((name) => name !== "to");
  if (vm === "" || Object.keys(args).length > 0 || others) return undefined;
  const told: JsonObject = needed.length === 0 ? {} : { to: "" };
  const side = host === "a" ? "primary" : "replica";
  return { kind: "verb", verb, vm, on: "", args: told, side };
}

// Long because: one arm for each thing that they do.
function careful(
  action: Exclude<OperatorAction | ServerAction, VerbAction>,
  vm: string,
  world: DrillWorld,
): Asked | undefined {
  const site = (host: HostName) => world.sites[host === "a" ? 0 : 1].name;
  const [near, far] = [site("a"), site("b")];
  const disks = world.machines.find(({ name }) => name === vm)?.disks.length ?? 0;
  switch (action.kind) {
    case "first-copy":
    case "restart":
      return undefined;
    case "cycle":
      return { verb: "replication cycle" };
    case "rest":
      return { verb: "replication cycle", args: { appConsistent: true } };
    case "set":
      return { verb: "replication set", args: action.change };
    case "grow": {
      const { disk, sectors } = action;
      return { verb: "vm disk grow", args: { disk, size: sectors * SECTOR_SIZE } };
    }
    case "disk":
      if (action.change === "add") return { verb: "vm disk add", args: { disk: spareDisk(vm) } };
      if (action.change === "remove") return { verb: "vm disk remove", args: { disk: disks } };
      return {
        verb: "vm disk exclude",
        args: { disk: disks, ...(action.change === "include" ? { off: true } : {}) },
      };
    case "disable":
      return { verb: action.remove ? "vm remove" : "replication disable" };
    case "forget":
      return { verb: "replication disable", side: "replica" };
    case "export": {
      const point = { newest: action.back };
      return { verb: "points export", args: { point, out: EXPORT_FOLDER } };
    }
    case "failover":
      return { verb: "failover start", args: { point: { newest: action.back } } };
    case "cancel":
      return { verb: "failover cancel" };
    case "complete":
      return { verb: "failover complete" };
    case "test": {
      const { writes } = action;
      return { verb: "failover test", args: { point: { newest: action.back } }, writes };
    }
    case "test-delete":
      return { verb: "failover test", args: { delete: "first" } };
    case "role": {
      const { what, to } = action;
      const from = site(to === "a" ? "b" : "a");
      if (what === "reverse") return { verb: "failover reverse", on: site(to) };
      if (what === "cancel") return { verb: "failover cancel", on: from };
      if (what === "force") return { verb: "failover cancel", on: from, args: { force: true } };
      return { verb: `failover ${what}`, on: from };
    }
    case "authorize": {
      // Where new replicas go is said with the entry, and there is none where nobody is let in.
      if (!action.allowed && action.place !== "home") return undefined;
      if (!action.allowed) return { verb: "authorization remove", on: far, args: { name: near } };
      const location = ENTRY_PLACES.find(({ place }) => place === action.place)?.location ?? "";
      const args = { name: near, trustGroup: "one", ...(location === "" ? {} : { location }) };
      return { verb: "authorization add", on: far, args };
    }
    case "limit":
      return { verb: "server set", on: near, args: { bandwidth: action.bandwidth } };
  }
}
