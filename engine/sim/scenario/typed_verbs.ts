/**
 * Verbs that a scenario has administrators type, word by word: they are told to the server as the command line tells it, and
 * an administrator does what belongs to them: shuts the guest down before a move, starts it on a failover, carries a medium.
 *
 * Rule: whether a verb is legal at this moment is for the engine to say. Only where a run has to know what becomes of it, a
 * failover that is not the run's own for instance, nobody asks beside what is asked there already.
 *
 * @module
 */

import type { Json, JsonObject } from "../../core/base/json.ts";
import { SECTOR_SIZE } from "../sectors.ts";
import { EXPORTS } from "./auditor.ts";
import type { Drill } from "./drill.ts";
import { type MachineRun, replicaOf } from "./machine_run.ts";
import { bringMedium, carryMedium } from "./media.ts";
import type { VerbAction } from "./scenario.ts";
import type { Site } from "./site.ts";
import { makeSpare, spareName } from "./spare_disks.ts";
import { argumentsOf, backOf } from "./verb_events.ts";

/** Verbs that tell, and change nothing: another one beside them meets the state that it would meet without them. */
export const TELLING: ReadonlySet<string> = new Set([
  "vm list",
  "replication status",
  "replication statistics",
  "points list",
  "points show",
  "server show",
  "authorization list",
  "connection test",
]);

/** What is typed. */
export class TypedVerbs {
  readonly #drill: Drill;
  /** Verbs that were not answered, by site and machine. */
  readonly #open = new Map<string, number>();

  constructor(drill: Drill) {
    this.#drill = drill;
  }

  /** Does what the scenario says. */
  act(action: VerbAction): void {
    const machine = action.vm === undefined ? undefined : this.#drill.machines[action.vm];
    if (action.vm !== undefined && machine === undefined) return;
    const args = argumentsOf(this.#drill, machine, action);
    if (machine === undefined) return this.#ofServer(action, args);
    this.#prepare(machine, action, args);
    if (!this.#guided(machine, action, args)) this.#type(machine, action, args);
  }

  /** A server died: what it was asked will not be answered. */
  died(site: Site): void {
    for (const key of [...this.#open.keys()]) {
      if (key.startsWith(`${site.name}/`)) this.#open.delete(key);
    }
  }

  /** A verb about a whole server; no machine has a part in it. */
  #ofServer({ host, verb }: VerbAction, args: JsonObject): void {
    const drill = this.#drill;
    const since = drill.now;
    drill.call(drill.sites[host], verb, args, (outcome) => {
      const took = drill.now - since;
      const part = { kind: "verb", host, vm: "", verb, before: "busy", after: "busy" } as const;
      drill.tell({ ...part, ...toldOf(outcome), took });
    });
  }

  /** What has to be there before a verb finds it: disks, copies, and the medium. */
  #prepare(machine: MachineRun, { host, verb }: VerbAction, args: JsonObject): void {
    const { operator: { firstCopies } } = this.#drill;
    const [home, away] = [this.#drill.homeOf(machine).host, this.#drill.awayOf(machine).host];
    switch (`${host} ${verb}`) {
      case "a vm disk add":
        if (args["disk"] !== spareName(machine) || home.disks.has(spareName(machine))) return;
        return makeSpare(this.#drill, machine);
      case "b replication enable":
        return firstCopies.makeCopies(machine, args["disks"] ?? []);
      case "a replication start":
        return bringMedium(this.#drill, machine, args["export"] ?? null);
      case "b points export":
        if (!away.places.has(EXPORTS)) away.addPlace(EXPORTS);
        return;
      case "b replication import":
        return carryMedium(this.#drill, args["path"] ?? null);
    }
  }

  /** A verb beside which an administrator does something with the machine's guest; false for the others. */
  #guided(machine: MachineRun, action: VerbAction, args: JsonObject): boolean {
    const { operator, roles } = this.#drill;
    const { failovers, tests } = operator;
    const { host, verb } = action;
    const [vm, to] = [machine.index, this.#drill.awayOf(machine).name];
    const { vm: _, point, ...rest } = args;
    const back = backOf(action.args) ?? (point === undefined ? 0 : undefined);
    const { failover } = machine;
    switch (`${host} ${verb}`) {
      case "a failover planned":
        roles.act(machine, { kind: "role", vm, what: "planned", to });
        return true;
      case "a failover prepare":
        roles.act(machine, { kind: "role", vm, what: "prepare", to });
        return true;
      case "b failover start":
        if (failover !== undefined || back === undefined) this.#refused(machine, verb, args);
        else failovers.start(machine, back, rest);
        return true;
      case "b failover cancel":
        if (failover === undefined || failover.completed) this.#refused(machine, verb, args);
        else failovers.cancel(machine);
        return true;
      case "b failover complete":
        if (failover === undefined || failover.completed) this.#refused(machine, verb, args);
        else failovers.complete(machine);
        return true;
      case "b failover reverse":
        if (failover === undefined) this.#refused(machine, verb, args);
        else roles.act(machine, { kind: "role", vm, what: "reverse", to }, rest);
        return true;
      case "b failover test": {
        const { delete: name } = rest;
        if (typeof name !== "string" && back !== undefined) tests.make(machine, back, 0, rest);
        else if (typeof name !== "string" || !tests.drop(machine, name)) {
          operator.ask(this.#drill.awayOf(machine), machine, verb, args);
        }
        return true;
      }
      case "b replication disable":
      case "b vm remove":
        operator.forget(machine, verb, rest);
        return true;
      case "a vm disk grow": {
        const [disk, sectors] = [Number(args["disk"]), Number(args["size"]) / SECTOR_SIZE];
        if (machine.asked[disk] === undefined || !(sectors > 0)) return false;
        operator.act({ kind: "grow", vm, disk, sectors });
        return true;
      }
      case "a replication set":
        operator.ask(this.#drill.homeOf(machine), machine, verb, args);
        return true;
      default:
        return false;
    }
  }

  /**
   * What the state of a replica does not allow, as far as the run knows: who would be obeyed, for the replica knows of a
   * failover that the run has not seen or goes on with one, does not ask.
   */
  #refused(machine: MachineRun, verb: string, args: JsonObject): void {
    const b = this.#drill.awayOf(machine);
    const replica = b.current === undefined
      ? undefined
      : replicaOf(b.current.server, machine.guest.vm);
    const over = replica?.record.failover !== undefined;
    if (machine.roaming || machine.planned || machine.burnt || machine.leaving) return;
    if (over !== (machine.failover !== undefined && !machine.failover.completed)) return;
    this.#drill.operator.ask(b, machine, verb, args);
  }

  /** A verb as it is. */
  #type(machine: MachineRun, action: VerbAction, args: JsonObject): void {
    const drill = this.#drill;
    const { operator } = drill;
    const { vm } = machine.guest;
    const { verb } = action;
    const site = action.host === "a" ? drill.homeOf(machine) : drill.awayOf(machine);
    if (site.current === undefined) return;
    // What it is asked beside another verb may meet any state.
    const key = `${site.name}/${machine.spec.name}`;
    const open = this.#open.get(key) ?? 0;
    const before = open > 0 || operator.busy(site, machine)
      ? "busy"
      : operator.state(site, machine);
    const counts = TELLING.has(verb) ? 0 : 1;
    this.#open.set(key, open + counts);
    const since = drill.now;
    const host = operator.roleOf(site, machine);
    return drill.call(site, verb, args, (outcome) => {
      if (verb === "replication verify" && typeof outcome !== "string") {
        const { equal } = outcome.value as JsonObject;
        drill.tell({ kind: "verified", vm, equal: equal === true });
      }
      this.#open.set(key, (this.#open.get(key) ?? counts) - counts);
      const after = operator.state(site, machine);
      const part = { kind: "verb", host, at: site.name, vm, verb, before, after } as const;
      drill.tell({ ...part, ...toldOf(outcome), took: drill.now - since });
      if (verb === "points export") drill.auditor.lookAtExports(machine);
      if (typeof outcome === "string") return;
      if (verb === "failover cancel" && host === "a") drill.roles.takenBack(machine);
      operator.followed(site, machine, verb, "");
    });
  }
}

/** What a verb ended with: its answer, or the code of its failure. */
export function toldOf(outcome: { readonly value: Json } | string) {
  return typeof outcome === "string" ? { outcome } : { outcome: "", value: outcome.value };
}
