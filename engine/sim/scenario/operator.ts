/**
 * The administrators of both sites: they bring every machine under protection, look at its status, do
 * what the scenario says, and help where the engine asks for help.
 *
 * @module
 */
// Long because: everything that an administrator does in a run, in the order in which it is done.

import type { JsonObject } from "../../core/base/json.ts";
import { SECTOR_SIZE } from "../sectors.ts";
import { SECOND } from "../../core/base/units.ts";
import type { GuestHost } from "../guests/guest.ts";
import { EXPORTS } from "./auditor.ts";
import type { Drill } from "./drill.ts";
import { Failovers } from "./failovers.ts";
import { FirstCopies } from "./first_copies.ts";
import { hasFailedDisk, type MachineRun, primaryOf, replicaOf } from "./machine_run.ts";
import { changesSides, type OperatorAction, retentionOf } from "./scenario.ts";
import type { Site } from "./site.ts";
import { spareVerb } from "./spare_disks.ts";
import { Tests } from "./tests.ts";
import { toldOf, TypedVerbs } from "./typed_verbs.ts";

/** How often they look, unless the scenario says it. */
const ROUND = SECOND;
/** How often they try again what is in state Error. */
const RESUME_EVERY = 3 * SECOND;

/** States of a primary that is on its way to its first point. */
const PROTECTS: ReadonlySet<string> = new Set([
  "ReadyForInitialReplication",
  "InitialReplicationInProgress",
  "WaitingForInitialReplication",
]);

/** States of a primary in which its disks may grow. */
const GROWS: ReadonlySet<string> = new Set(["Replicating", "Suspended", "Error"]);

/** Both administrators. */
export class Operator {
  readonly #drill: Drill;
  /** Ways of first copies. */
  readonly firstCopies: FirstCopies;
  /** Exports asked for so far. */
  #exports = 0;
  /** Verbs under way, by site and machine: since when. */
  readonly #underway = new Map<string, { readonly verb: string; readonly since: number }>();

  /** Verbs as a scenario types them. */
  readonly typed: TypedVerbs;

  /** Test failovers. */
  readonly tests: Tests;

  /** Failovers. */
  readonly failovers: Failovers;

  constructor(drill: Drill) {
    this.#drill = drill;
    this.typed = new TypedVerbs(drill);
    this.tests = new Tests(drill, (machine, args, then) => {
      this.#ask(drill.awayOf(machine), machine, "failover test", args, then);
    });
    this.failovers = new Failovers(drill, this.tests, (site, machine, verb, args, then) => {
      this.#ask(site, machine, verb, args, then);
    });
    this.firstCopies = new FirstCopies(drill, (site, machine, verb, args, then) => {
      this.#ask(site, machine, verb, args, (_, code) => then(code));
    });
  }

  /** Begins to look, now and every second. */
  begin(): void {
    this.#round();
  }

  #round(): void {
    this.#drill.serverOperator.look();
    for (const machine of this.#drill.machines) this.#look(machine);
    const every = this.#minds ? this.#drill.scenario.round : undefined;
    this.#drill.simulated.schedule(every ?? ROUND, () => this.#round());
  }

  /** They leave to the scenario what to do about what goes wrong. */
  get #minds(): boolean {
    return this.#drill.scenario.scripted === true && this.#drill.faults.quietFor < 0;
  }

  #look(machine: MachineRun): void {
    // A machine that ran at the replica when its server came back is served once that is over (L6).
    this.#drill.roles.look(machine);
    if (!machine.shut) machine.guest.lookAgain();
    const a = this.#drill.homeOf(machine);
    const b = this.#drill.awayOf(machine);
    const { vm } = machine.guest;
    if (machine.burnt) {
      if (!this.#minds) this.#bringUp(machine);
    } else if (a.current !== undefined) {
      const next = this.#next(machine);
      if (next !== undefined) this.#ask(a, machine, next.verb, next.args);
    }
    if (a.current !== undefined) this.#drill.auditor.lookAtTracking(machine, a.current, false);
    if (b.current !== undefined) this.#drill.auditor.lookAtPoints(machine, b.current, false);
    for (const site of [a, b]) {
      const server = site.current?.server;
      if (server === undefined) continue;
      const known = site === a
        ? primaryOf(server, vm) !== undefined
        : replicaOf(server, vm) !== undefined;
      if (!known) continue;
      const status = site === a ? server.primary.status(vm) : server.replica.status(vm);
      const incarnation = site.host.incarnations;
      const quiet = this.#drill.faults.quietFor >= 0;
      // What was changed before replication was enabled is found like what a restart finds.
      const opened = Math.max(site.opened, machine.enabledAt);
      const started = Math.max(site.current?.process.started ?? 0, machine.enabledAt);
      const head = { kind: "status", host: site.name, vm, status } as const;
      this.#drill.tell({ ...head, incarnation, started, opened, quiet });
    }
    if (a.current !== undefined) this.#drill.auditor.lookAtSpace(machine);
    this.#drill.auditor.lookAtFreeze(machine);
    if (!this.#minds) {
      this.#clear(machine);
      this.#help(machine);
    }
    this.#unpause(machine);
    this.#command(machine);
  }

  /**
   * Commands that freeze its guest are set wherever a machine is to be at rest that changes sides: beforehand, or where it has
   * come to.
   */
  #command({ spec, index, home }: MachineRun): void {
    const { scenario, sites } = this.#drill;
    const { b } = sites;
    const server = b.current?.server;
    if (server === undefined || spec.appConsistent === undefined) return;
    const vm = spec.name;
    const late = scenario.seed % 2 === 1 && home === "a";
    if (late || server.commands.canFreeze(vm) || !changesSides(scenario, index)) return;
    if (primaryOf(server, vm) === undefined && replicaOf(server, vm) === undefined) return;
    this.#drill.call(b, "replication set", { vm, freeze: "F", thaw: "T" }, () => {});
  }

  /** Nothing goes wrong any more: what was paused at the replica is resumed. */
  #unpause(machine: MachineRun): void {
    const b = this.#drill.awayOf(machine);
    const { vm } = machine.guest;
    const replica = b.current === undefined ? undefined : replicaOf(b.current.server, vm);
    if (replica?.state !== "Suspended" || this.#drill.faults.quietFor < 0) return;
    this.#ask(b, machine, "replication resume", { vm });
  }

  /** What brings the machine nearer to being protected. */
  #next(machine: MachineRun): { readonly verb: string; readonly args: JsonObject } | undefined {
    const { vm } = machine.guest;
    const server = this.#drill.homeOf(machine).current?.server;
    if (server === undefined) return undefined;
    if (!server.primary.has(vm)) {
      // It has become the replica, or is about to: whoever has it now has not been looked at.
      if (machine.retired || machine.paths !== undefined || server.replica.has(vm)) {
        return undefined;
      }
      if (this.#minds && machine.enabledAt > 0) return undefined;
      const disks = machine.spec.disks.map((_, disk) => machine.device(disk));
      return { verb: "vm add", args: { vm, disks } };
    }
    const state = primaryOf(server, vm)?.state ?? "none";
    // One that moved to a point from before a disk grew is let in again where that is as large as ever.
    const small = machine.moves > 0 && GROWS.has(state)
      ? this.#tooSmall(machine, server)
      : undefined;
    if (small !== undefined) return { verb: "vm disk grow", args: { vm, ...small } };
    // One that is paused learns of nothing until it goes on.
    if (state === "Suspended" && this.#drill.faults.quietFor >= 0) {
      return { verb: "replication resume", args: { vm } };
    }
    // Who enabled it again amid its failover starts it as well, and is told of the failover.
    if (machine.retired && state !== "ReadyForInitialReplication") return undefined;
    if (state === "Disabled") return this.#enable(machine);
    if (this.#minds && !PROTECTS.has(state)) return undefined;
    // Not every second: who looks at what is wrong sees it.
    const wrong = state === "Error";
    const again = wrong && this.#drill.now % RESUME_EVERY < ROUND;
    if (again) {
      return this.firstCopies.insteadOf(machine, server) ??
        { verb: "replication resume", args: { vm } };
    }
    if (state === "WaitingForStartResynchronize" || state === "ResynchronizeSuspended") {
      // A side that is failed over takes nothing, and says so each time.
      if (machine.roaming && this.#failedOver(machine)) return undefined;
      // Windows are waited for while there is time, and what was paused stands for a few seconds.
      const { plan } = server.primary.entry(vm).machine.resync;
      const quiet = this.#drill.faults.quietFor >= 0;
      const windowed = plan.hold === "none" || plan.hold === "window";
      const waits = windowed && (machine.spec.resync ?? "manual") !== "manual";
      if (!quiet && (waits || Math.floor(this.#drill.now / SECOND) % 4 > 0)) return undefined;
      const word = state === "ResynchronizeSuspended" ? "continue" : "start";
      return { verb: `replication resync ${word}`, args: { vm } };
    }
    if (state === "ReadyForInitialReplication") return this.firstCopies.start(machine, server);
    const onTheWay = ["InitialReplicationInProgress", "WaitingForInitialReplication"];
    return onTheWay.includes(state) ? this.firstCopies.during(machine, server) : undefined;
  }

  /** Enables replication in the machine's settings. */
  #enable({ spec, guest: { vm }, enabledAt }: MachineRun) {
    if (this.#minds && enabledAt > 0) return undefined;
    const { frequency, compression, bandwidth, appConsistent, resync } = spec;
    const rest = {
      ...(appConsistent === undefined ? {} : { appConsistent, freeze: "F", thaw: "T" }),
      ...(resync === undefined ? {} : { resync }),
    };
    const retention = retentionOf(spec);
    const args = { vm, to: "b:7700", frequency, retention, compression, bandwidth, ...rest };
    return { verb: "replication enable", args };
  }

  /** True while its replica is failed over. */
  #failedOver(machine: MachineRun): boolean {
    const server = this.#drill.awayOf(machine).current?.server;
    const replica = server === undefined ? undefined : replicaOf(server, machine.spec.name);
    return replica?.record.failover !== undefined;
  }

  /** A disk of the machine that is smaller than it was asked to be. */
  #tooSmall(
    machine: MachineRun,
    server: GuestHost["server"],
  ): { readonly disk: number; readonly size: number } | undefined {
    const disks = primaryOf(server, machine.spec.name)?.disks ?? [];
    for (const [disk, sectors] of machine.asked.entries()) {
      const size = sectors * SECTOR_SIZE;
      if ((disks[disk]?.size ?? size) < size) return { disk, size };
    }
    return undefined;
  }

  /** The site of its guest is gone: it is brought up at the replica on the newest point there is, for good. */
  #bringUp(machine: MachineRun): void {
    if (machine.retired) return;
    const { failover } = machine;
    const server = this.#drill.awayOf(machine).current?.server;
    const replica = server === undefined ? undefined : replicaOf(server, machine.guest.vm);
    // A guest that could not start, for its disk could not be read, is started again.
    const started = replica?.record.failover?.point;
    if (failover === undefined && started !== undefined) this.failovers.begin(machine, started);
    else if (failover === undefined) this.failovers.start(machine, 0);
    else if (failover.guest.attached || failover.shut) this.failovers.complete(machine);
  }

  /** A machine that was removed and added is another one: the replica of the one before has to go. */
  #clear(machine: MachineRun): void {
    const a = this.#drill.homeOf(machine);
    const b = this.#drill.awayOf(machine);
    const { vm } = machine.guest;
    if (a.current === undefined || b.current === undefined) return;
    if (machine.retired || machine.roaming) return;
    const here = primaryOf(a.current.server, vm);
    const there = replicaOf(b.current.server, vm);
    if (here?.state !== "Error" || there === undefined || there.record.failover !== undefined) {
      return;
    }
    // So has one that a stale primary began meanwhile, in a generation of its own.
    const strange = there.store.machine !== here.id || there.store.points.length === 0;
    if (strange) this.forget(machine);
  }

  /** Removes the replica, by the one verb or the other. */
  forget(machine: MachineRun, verb = "replication disable", told: JsonObject = {}): void {
    const drill = this.#drill;
    const b = drill.awayOf(machine);
    const { vm } = machine.guest;
    if (machine.leaving || b.current === undefined || this.busy(b, machine)) return;
    // Nobody removes a replica beneath a test of its.
    if (this.tests.drop(machine)) return;
    machine.leaving = true;
    drill.within(b, `forget/${vm}`, function* (host) {
      // Nobody reads points of a replica that is being removed.
      while (drill.auditor.reading > 0) yield* host.server.ports.clock.sleep(1000);
      drill.operator.#ask(b, machine, verb, { vm, ...told }, () => {
        drill.operator.#gone(machine);
      });
      // Something else was asked meanwhile: another time.
      drill.operator.#gone(machine);
    });
  }

  /** A replica that was to be removed is so when it is not there any more, whatever was answered, or never was. */
  #gone(machine: MachineRun): void {
    const { current, name } = this.#drill.awayOf(machine);
    const { vm } = machine.guest;
    if (current === undefined || !machine.leaving) return;
    const verb = this.#underway.get(`${name}/${vm}`)?.verb;
    if (verb === "replication disable" || verb === "vm remove") return;
    machine.leaving = false;
    if (!current.server.replica.has(vm)) this.#drill.removed(machine);
  }

  #disable(machine: MachineRun, remove: boolean): void {
    const drill = this.#drill;
    const a = drill.homeOf(machine);
    const { vm } = machine.guest;
    this.#ask(a, machine, "replication disable", { vm }, (result) => {
      if (result === undefined || !remove) return;
      drill.within(a, `shutdown/${vm}`, function* () {
        yield* machine.guest.detach();
        drill.operator.#ask(a, machine, "vm remove", { vm }, (removed) => {
          // One that stays goes on where it was.
          if (removed === undefined && a.current !== undefined) machine.guest.attach(a.current);
        });
      });
    });
  }

  /** A disk that failed, a replica that did not open: both are served again only after a restart. */
  #help(machine: MachineRun): void {
    const a = this.#drill.homeOf(machine);
    const b = this.#drill.awayOf(machine);
    const { vm } = machine.guest;
    const there = b.current?.server;
    if (there?.replica.names().includes(vm) === true && replicaOf(there, vm) === undefined) {
      this.#helpUnopened(machine, there);
    }
    this.#seedAgain(machine);
    // What it left has disks of it as well, until that is its replica; whoever repairs those comes when nothing goes wrong.
    for (const site of this.#drill.faults.quietFor >= 0 ? [a, b] : [a]) {
      const server = site.current?.server;
      if (server === undefined) continue;
      const real = primaryOf(server, vm);
      const named = machine.roaming ? server.primary.names().includes(vm) : server.primary.has(vm);
      if (hasFailedDisk(real) || (real === undefined && named)) site.host.kill();
    }
  }

  /**
   * Somebody touched disks of a demoted primary before their digests were known: nobody can say any more what they hold, and
   * its replica is made anew (R9). One that was given away to it is taken back before.
   */
  #seedAgain(machine: MachineRun): void {
    const { current } = this.#drill.awayOf(machine);
    const { vm } = machine.guest;
    const store = current === undefined ? undefined : replicaOf(current.server, vm)?.store;
    if (store === undefined || !store.suspect || !store.undigested) return;
    if (machine.burnt || machine.failover !== undefined) return;
    const here = this.#drill.homeOf(machine).current?.server;
    const state = here === undefined ? undefined : primaryOf(here, vm)?.state;
    if (state === "PreparedForFailover") this.#drill.roles.refused(machine);
    else if (state !== undefined) this.forget(machine);
  }

  /** Most replicas open at the next start; one whose state is older than a failover of it never does. */
  #helpUnopened(machine: MachineRun, { replica }: GuestHost["server"]): void {
    const { vm } = machine.guest;
    const b = this.#drill.awayOf(machine);
    const warnings = JSON.stringify(replica.status(vm)["warnings"] ?? []);
    if (!warnings.includes("is older than a failover")) return b.host.kill();
    this.#drill.probe("replica/older-than-its-failover");
    // Its disk files may be the machine: they stay, unless the machine is at the primary as well as ever.
    if (machine.failover === undefined && !machine.burnt && !machine.retired) this.forget(machine);
  }

  /** True while a verb about the machine is under way at a site. */
  busy(site: Site, machine: MachineRun): boolean {
    return this.#underway.has(`${site.name}/${machine.spec.name}`);
  }

  /** Asks a server for a verb about a machine, unless another one is under way; facts call the site of its primary `a`. */
  ask(site: Site, machine: MachineRun, verb: string, args: JsonObject, then?: Outcome): void {
    this.#ask(site, machine, verb, args, then);
  }

  #ask(site: Site, machine: MachineRun, verb: string, args: JsonObject, then?: Outcome): void {
    const key = `${site.name}/${machine.spec.name}`;
    if (this.#underway.has(key) || site.current === undefined) return;
    const mark = { verb, since: this.#drill.now };
    this.#underway.set(key, mark);
    const before = this.state(site, machine);
    const host = this.roleOf(site, machine);
    this.#drill.call(site, verb, args, (outcome) => {
      if (this.#underway.get(key) === mark) this.#underway.delete(key);
      const code = typeof outcome === "string" ? outcome : "";
      this.#drill.tell({
        kind: "verb",
        host,
        at: site.name,
        vm: machine.spec.name,
        verb,
        ...toldOf(outcome),
        before,
        after: this.state(site, machine),
        took: this.#drill.now - mark.since,
      });
      if (typeof outcome === "string") then?.(undefined, outcome);
      else then?.(outcome.value as JsonObject, "");
      this.followed(site, machine, verb, code);
    });
  }

  /** What an administrator does behind a verb, whoever asked for it, and what is known from then on. */
  followed(site: Site, machine: MachineRun, verb: string, code: string): void {
    if (verb === "vm add" && code === "" && site.current !== undefined) {
      machine.guest.attach(site.current);
    }
    // Its disk has failed: the service is restarted.
    if (verb === "replication enable" && code === "disk-failed") site.host.kill();
    if (verb === "replication enable" && code === "") machine.enabledAt = this.#drill.now;
  }

  /** Its role at a site, as facts name it: a machine that moves meanwhile was asked at the side that it was then. */
  roleOf(site: Site, machine: MachineRun): "a" | "b" {
    const leads = machine.roaming && site.current?.server.primary.has(machine.spec.name) === true;
    return leads || site.name === machine.home ? "a" : "b";
  }

  /** What a site is for a machine at this moment: a state of the engine's, or why it has none. */
  state(site: Site, machine: MachineRun): string {
    const server = site.current?.server;
    const vm = machine.spec.name;
    if (server === undefined) return "down";
    const away = site.name !== machine.home;
    const replica = away ? replicaOf(server, vm) : undefined;
    if (replica !== undefined) return replica.state;
    if (away && server.replica.awaits(vm)) return "awaited";
    const role = away ? server.replica : server.primary;
    return primaryOf(server, vm)?.state ?? (role.names().includes(vm) ? "unopened" : "none");
  }

  /** A server died: what it was asked will not be answered. */
  died(site: Site): void {
    this.typed.died(site);
    for (const key of [...this.#underway.keys()]) {
      if (key.startsWith(`${site.name}/`)) this.#underway.delete(key);
    }
  }

  /** Verbs that have been under way since before `time`. */
  overdue(time: number) {
    return [...this.#underway].filter(([, { since }]) => since < time)
      .map(([key, { verb, since }]) => {
        const [host, vm] = key.split("/") as ["a" | "b", string];
        return { host, vm, verb, since };
      });
  }

  /** Exports a point, beside whatever else is asked; what came of it is looked at, also when nobody was told. */
  #export(machine: MachineRun, back: number): void {
    const b = this.#drill.awayOf(machine);
    const { vm } = machine.guest;
    const server = b.current?.server;
    const store = server === undefined ? undefined : replicaOf(server, vm)?.store;
    const point = store?.points.at(-1 - back)?.id;
    if (point === undefined) return;
    if (!b.host.places.has(EXPORTS)) b.host.addPlace(EXPORTS);
    const out = `/${EXPORTS}/${vm}.${this.#exports++}`;
    this.#drill.call(b, "points export", { vm, point, out }, () => {
      this.#drill.auditor.lookAtExports(machine);
    });
  }

  /** Does what the scenario says. */
  act(action: OperatorAction): void {
    if (action.kind === "restart") return this.#restart(action.host, action.down);
    if (action.kind === "verb") return this.typed.act(action);
    const machine = this.#drill.machines[action.vm];
    if (machine === undefined) return;
    const { vm } = machine.guest;
    const a = this.#drill.homeOf(machine);
    if (action.kind === "role") return this.#drill.roles.act(machine, action);
    switch (action.kind) {
      case "first-copy":
        machine.first = action.first;
        return;
      case "grow": {
        // A copy has the size that the disk had: one that grew before it was taken up is refused, rightly.
        if (machine.first.way !== "network") return;
        const { disk, sectors } = action;
        const args = { vm, disk, size: sectors * SECTOR_SIZE };
        machine.asked[disk] = Math.max(machine.asked[disk] ?? 0, sectors);
        return machine.burnt ? undefined : this.#ask(a, machine, "vm disk grow", args, (result) => {
          if (result !== undefined) this.#drill.probe("primary/disk-grown");
        });
      }
      case "disk": {
        const asked = spareVerb(this.#drill, machine, action);
        if (asked === undefined) return;
        return this.#ask(a, machine, asked.verb, asked.args, (result) => {
          if (result !== undefined) this.#drill.probe(`disk/${action.change}`);
        });
      }
      case "cycle":
        return this.#drill.call(a, "replication cycle", { vm }, () => {});
      case "rest":
        return this.#drill.call(a, "replication cycle", { vm, appConsistent: true }, () => {});
      case "failover":
        return this.failovers.start(machine, action.back);
      case "test":
        return this.tests.make(machine, action.back, action.writes);
      case "test-delete":
        this.tests.drop(machine);
        return;
      case "cancel":
        return this.failovers.cancel(machine);
      case "complete":
        return this.failovers.complete(machine);
      case "export":
        return this.#export(machine, action.back);
      case "disable":
        return machine.burnt ? undefined : this.#disable(machine, action.remove);
      case "forget":
        return machine.burnt || machine.failover !== undefined ? undefined : this.forget(machine);
      case "set":
        return this.#ask(a, machine, "replication set", { vm, ...action.change });
    }
  }

  /** A server at `b` opened: what it was asked before it died has an outcome. */
  resumed(machine: MachineRun, host: GuestHost): void {
    this.tests.resumed(machine, host);
    if (machine.leaving) this.#drill.probe("replica/removed-in-a-crash");
    this.#gone(machine);
    this.failovers.resumed(machine, host);
  }

  /** The server under a failed-over machine, or under its tests, died. */
  failoverDied(machine: MachineRun, how: "kill" | "power"): void {
    this.tests.died(machine, how);
    this.failovers.died(machine, how);
  }

  #restart(name: "a" | "b", down: number): void {
    const site = this.#drill.sites[name];
    site.down = down;
    const { auditor } = this.#drill;
    this.#drill.within(site, "stop", function* (host) {
      // It is nobody's server any more while it stops; guests lose it when it is gone.
      site.current = undefined;
      // Nor does anybody read points of a server that stops.
      while (auditor.reading > 0) yield* host.server.ports.clock.sleep(1000);
      yield* host.server.stop();
      site.host.kill();
    });
  }
}

/** Takes what a verb returned, or `undefined` and the code of its failure. */
type Outcome = (result: JsonObject | undefined, code: string) => void;
