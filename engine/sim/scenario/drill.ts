/**
 * A scenario at work: the world, the sites, the machines, and everybody who watches.
 *
 * Rule: it connects and decides nothing: faults are in `faults.ts`, administrators in `operator.ts`,
 * readers of points in `auditor.ts`, the end of a run in `ending.ts`.
 *
 * @module
 */
// Long because: it is what everybody in a run knows of everybody else.

import { type Failure, isFailed } from "../../core/base/failure.ts";
import type { Json, JsonObject } from "../../core/base/json.ts";
import type { Kernel } from "../../core/ports/codec.ts";
import type { Task } from "../../core/runtime/task.ts";
import { type Guest, type GuestGround, type GuestHost, type Reply } from "../guests/guest.ts";
import { firstContents } from "../guests/first_contents.ts";
import { markUnits } from "../storage_io.ts";
import type { Fact, Ground, Invariant } from "../invariants/fact.ts";
import { Watchers } from "../invariants/watch.ts";
import { type MachineHistory, NEVER } from "../oracle/history.ts";
import { SECTOR_SIZE, type Sectors } from "../sectors.ts";
import type { EngineEvent } from "../../core/ports/observer.ts";
import { type Sighting, SimWorld } from "../world.ts";
import { exportName } from "../../core/server/exports.ts";
import { Auditor } from "./auditor.ts";
import { Failbacks } from "./failbacks.ts";
import { Faults } from "./faults.ts";
import { MachineRun, primaryOf, replicaOf } from "./machine_run.ts";
import { type ProbeGround, Probes } from "./probes.ts";
import { Operator } from "./operator.ts";
import {
  changeIn,
  growthIn,
  type HostName,
  type MachineSpec,
  type Scenario,
  type ScenarioEvent,
  widest,
  type WorldSpec,
} from "./scenario.ts";
import { fileAt } from "./replica_files.ts";
import { Roles } from "./roles.ts";
import { ServerOperator } from "./server_operator.ts";
import { Site } from "./site.ts";

/** Verbs whose machine may leave its role while they wait. */
const CHANGES_ROLES: ReadonlySet<string> = new Set([
  "verb/failover planned",
  "verb/failover prepare",
  "verb/failover reverse",
  "verb/failover resolve",
]);

/** Is told what came of a verb. */
export type Answered = (code: string, outcome: { readonly value: Json } | Failure) => void;

/** Somebody who watches a run, and changes nothing in it. */
export interface DrillListener {
  /** What the invariants are told as well. */
  fact?(fact: Fact): void;
  /**
   * An administrator asks a server for a verb; what is returned is told what came of it: the failure and its code, or "" and the
   * answer.
   */
  asked?(site: HostName, verb: string, args: JsonObject): Answered;
  /** A server is open. */
  opened?(site: HostName): void;
  /** A server, or its host, died. */
  died?(site: HostName, how: "kill" | "power"): void;
  /** A guest has connected to its disks at a site, or to nothing any more. */
  runs?(guest: Guest, site: HostName | undefined): void;
}

/** A run. */
export class Drill implements Ground, ProbeGround {
  readonly scenario: Scenario;
  readonly simulated: SimWorld;
  readonly sites: Readonly<Record<HostName, Site>>;
  readonly machines: readonly MachineRun[];
  readonly #byName: ReadonlyMap<string, MachineRun>;
  readonly watchers: Watchers;
  readonly #probes: Probes;
  readonly faults: Faults;
  readonly operator: Operator;
  readonly serverOperator: ServerOperator;
  readonly roles: Roles;
  readonly failbacks: Failbacks;
  readonly auditor: Auditor;
  /** What guests need. */
  readonly guests: GuestGround;
  /** Who watches. */
  readonly listeners: DrillListener[] = [];
  #instants = 0;
  readonly #widest: WorldSpec;

  constructor(
    scenario: Scenario,
    kernel: Kernel,
    invariants: readonly Invariant[],
    keepTrace: boolean,
  ) {
    this.scenario = scenario;
    this.simulated = new SimWorld({ seed: scenario.seed, kernel, keepTrace });
    const machines = scenario.world.machines.map((spec, vm) => widest(spec, vm, scenario.events));
    this.#widest = { ...scenario.world, machines };
    const { world, simulated } = { world: scenario.world, simulated: this.simulated };
    const { latency, jitter, bandwidth, segment, scale } = world.link;
    simulated.net.usual = { latency, jitter, bandwidth, segment, queue: 4 * 1024 * 1024 };
    simulated.net.scale = scale ?? 1;
    const ground = {
      world: simulated,
      instant: () => this.instant(),
      replied: (reply: Reply) => this.#replied(reply),
      opened: (site: Site, host: GuestHost) => this.#opened(site, host),
      refused: (site: Site, error: Error) => this.#refused(site, error),
      died: (site: Site, how: "kill" | "power") => this.#died(site, how),
      runs: (guest: Guest, host: GuestHost | undefined) => {
        const at = host?.process.host.name as HostName | undefined;
        for (const listener of this.listeners) listener.runs?.(guest, at);
      },
    };
    this.guests = ground;
    this.sites = { a: new Site(ground, "a", world), b: new Site(ground, "b", world) };
    this.machines = world.machines.map((spec, index) => {
      const contents = firstContents(spec);
      const largest = largestSizes(spec, index, scenario.events);
      const machine = new MachineRun(ground, index, spec, largest, contents);
      this.#addDisks(machine, contents);
      return machine;
    });
    this.#byName = new Map(this.machines.map((machine) => [machine.spec.name, machine]));
    for (const { name: host, host: { hypervisor } } of [this.sites.a, this.sites.b]) {
      hypervisor.guestOf = (name) => this.machine(name)?.guestAt(host);
      hypervisor.onChange = (name, what) => this.#changed(host, name, what);
    }
    this.watchers = new Watchers(invariants, this);
    this.#probes = new Probes(this, (name) => this.probe(name));
    this.faults = new Faults(this);
    this.operator = new Operator(this);
    this.serverOperator = new ServerOperator(this);
    this.roles = new Roles(this);
    this.failbacks = new Failbacks(this);
    this.auditor = new Auditor(this);
    simulated.onEngineEvent.push((sighting) => this.#sighted(sighting));
    simulated.afterEvent.push(() => {
      this.sites.a.watch();
      this.sites.b.watch();
    });
  }

  /** Puts a machine's disks where its guest is at first. */
  #addDisks(machine: MachineRun, contents: readonly Uint8Array[] | undefined): void {
    const { storage } = this.scenario.world;
    for (const [disk, sectors] of machine.spec.disks.entries()) {
      const { node } = this.sites.a.host.addDisk(machine.device(disk), {
        size: sectors * SECTOR_SIZE,
        block: machine.spec.block,
        storage: storage.a,
      });
      const bytes = contents?.[disk];
      if (bytes === undefined) continue;
      node.sectors.write(0, bytes);
      node.sectors.persist(node.sectors.mark());
      markUnits(node, 0, bytes.length, true);
    }
  }

  /** World time, µs. */
  get now(): number {
    return this.simulated.now;
  }

  /** See `Ground`. */
  get world(): WorldSpec {
    return this.#widest;
  }

  /** See `Ground`. */
  get fastest(): number {
    const { world, events } = this.scenario;
    const set = events.flatMap((event) =>
      world.machines.flatMap((_, vm) => changeIn(event, vm).frequency ?? [])
    );
    return Math.min(...set, ...world.machines.map(({ frequency }) => frequency));
  }

  /** A new instant of the oracle's order. */
  instant(): number {
    return ++this.#instants;
  }

  /** The machine of that name. */
  machine(vm: string): MachineRun | undefined {
    return this.#byName.get(vm);
  }

  /** The site of its primary. */
  homeOf({ home }: MachineRun): Site {
    return this.sites[home];
  }

  /** The site of its replica. */
  awayOf({ home }: MachineRun): Site {
    return home === "a" ? this.sites.b : this.sites.a;
  }

  /** See `Ground`. */
  history(vm: string): MachineHistory | undefined {
    return this.machine(vm)?.history;
  }

  /** See `Ground`. */
  cutOf(point: string): number | undefined {
    for (const { cuts } of this.machines) {
      const cut = cuts.get(point);
      if (cut !== undefined) return cut.instant;
    }
    return undefined;
  }

  /** See `Ground`. */
  madeOf(
    point: string,
  ): { readonly instant: number; readonly history: MachineHistory } | undefined {
    for (const { cuts, tails } of this.machines) {
      const made = cuts.get(point) ?? tails.get(point);
      if (made !== undefined) return made;
    }
    return undefined;
  }

  /** See `Ground`. */
  home(vm: string): HostName {
    const machine = this.machine(vm);
    return machine?.claimed ?? machine?.home ?? "a";
  }

  /** See `Ground`. */
  away(vm: string): HostName {
    return this.home(vm) === "a" ? "b" : "a";
  }

  /** See `Ground`. */
  moves(vm: string): number {
    const machine = this.machine(vm);
    return machine === undefined ? 0 : machine.moves + (machine.claimed === undefined ? 0 : 1);
  }

  /** See `Ground`. */
  roaming(vm: string): boolean {
    return this.machine(vm)?.roaming ?? false;
  }

  /** See `Ground`. */
  newest(vm: string): { readonly told: string | undefined; readonly staged: string | undefined } {
    const machine = this.machine(vm);
    return { told: machine?.told.at(-1), staged: machine?.staged.at(-1) };
  }

  /** See `Ground`. */
  openDelta(vm: string): { readonly id: string; readonly records: number } | undefined {
    const machine = this.machine(vm);
    const server = machine === undefined ? undefined : this.awayOf(machine).current?.server;
    return server === undefined ? undefined : replicaOf(server, vm)?.store.openDelta;
  }

  /** See `Ground`. */
  doubtful(host: HostName): boolean {
    return this.faults.doubtful(host);
  }

  /** See `Ground`. */
  slowed(host: HostName): boolean {
    return this.faults.slowed(host);
  }

  /** See `Ground`. */
  get rotten(): boolean {
    return this.faults.rotten || this.faults.restored;
  }

  /** See `Ground`. */
  get restored(): boolean {
    return this.faults.restored;
  }

  /** See `Ground`. */
  retired(vm: string): boolean {
    return this.machine(vm)?.retired ?? false;
  }

  /** See `Ground`. */
  violate(id: string, message: string): void {
    this.simulated.violate(id, message);
  }

  /** See `ProbeGround`. */
  burnt(vm: string): boolean {
    return this.machine(vm)?.burnt ?? false;
  }

  /** Something worth counting happened. */
  probe(name: string): void {
    this.simulated.probes.set(name, (this.simulated.probes.get(name) ?? 0) + 1);
  }

  /** Tells the invariants something. */
  tell(fact: Fact): void {
    this.#probes.tell(fact);
    if (this.faults.isEvidence(fact)) this.watchers.tell(fact);
    for (const listener of this.listeners) listener.fact?.(fact);
  }

  /** Runs `task` in the server at `site`, if one is open; a failure goes to `failed`. */
  within(
    site: Site,
    name: string,
    task: (host: GuestHost) => Task<void>,
    failed?: (code: string, failure: Failure) => void,
  ) {
    const host = site.current;
    if (host === undefined) return;
    const guarded = function* (): Task<void> {
      try {
        yield* task(host);
      } catch (error) {
        if (!isFailed(error)) throw error;
        if (error.code !== "cancelled") return failed?.(error.code, error.failure);
        // The machine was given up beneath it: that is its answer.
        if (CHANGES_ROLES.has(name)) failed?.(error.code, error.failure);
        throw error;
      }
    };
    host.process.scope.spawn(name, guarded());
  }

  /** Calls a verb at `site`; `done` is told the result, or the failure's code. */
  call(
    site: Site,
    verb: string,
    args: JsonObject,
    done: (outcome: { readonly value: Json } | string) => void,
  ): void {
    const told = this.listeners.flatMap((listener) =>
      listener.asked?.(site.name, verb, args) ?? []
    );
    this.within(site, `verb/${verb}`, function* (host) {
      const outcome = { value: yield* host.server.call(verb, args) };
      for (const tell of told) tell("", outcome);
      done(outcome);
    }, (code, failure) => {
      for (const tell of told) tell(code, failure);
      done(code);
    });
  }

  #changed(host: HostName, name: string, what: string): void {
    const frozenAt = this.machine(name)?.frozenAt;
    if (what === "freeze" && frozenAt?.has(host) === false) frozenAt.set(host, this.now);
    else if (what === "thaw") frozenAt?.delete(host);
  }

  #replied(reply: Reply): void {
    const excused = this.faults.excuses(reply);
    const home = this.machine(reply.vm)?.home ?? "a";
    const server = reply.host === home ? this.sites[home].current?.server : undefined;
    const real = server === undefined ? undefined : primaryOf(server, reply.vm);
    const tracked = real?.disks[reply.disk]?.tracked !== undefined;
    this.tell({ kind: "reply", reply, excused, tracked });
  }

  #opened(site: Site, host: GuestHost): void {
    this.faults.restarted(site.name);
    for (const listener of this.listeners) listener.opened?.(site.name);
    for (const machine of this.machines) {
      this.roles.settle(machine);
      if (site.name === machine.home) {
        if (!machine.shut) machine.guest.attach(host);
        this.auditor.lookAtTracking(machine, host, true);
      } else {
        this.#unopened(machine, host);
        this.operator.resumed(machine, host);
        this.auditor.lookAtPoints(machine, host, true);
      }
    }
  }

  /** A server that opened may have left out a replica that it could not open. */
  #unopened(machine: MachineRun, host: GuestHost): void {
    const { vm } = machine.guest;
    const { replica } = host.server;
    // Names alone: one that is just being made of its primary's disks is neither there nor left out.
    if (!replica.names().includes(vm) || replicaOf(host.server, vm) !== undefined) return;
    const message = JSON.stringify(replica.status(vm));
    const { name } = this.awayOf(machine);
    const damaged = this.faults.doubtful(name);
    this.tell({ kind: "not-opened", host: name, code: "unopened", message, damaged });
  }

  #refused(site: Site, error: Error): void {
    const code = isFailed(error) ? error.code : error.name;
    const damaged = this.faults.doubtful(site.name);
    this.tell({ kind: "not-opened", host: site.name, code, message: error.message, damaged });
  }

  #died(site: Site, how: "kill" | "power"): void {
    for (const listener of this.listeners) listener.died?.(site.name, how);
    this.operator.died(site);
    this.serverOperator.died(site);
    this.auditor.died(site);
    this.failbacks.died();
    this.tell({ kind: "died", host: site.name });
    const burns = site.host.power === "destroyed";
    if (burns) this.#destroyed(site);
    for (const machine of this.machines) {
      if (site.name !== machine.home) {
        this.operator.failoverDied(machine, how);
        this.roles.awayDied(machine, how);
        continue;
      }
      const { guest, history } = machine;
      if (this.roles.homeDied(machine, how)) continue;
      if (machine.burnt) {
        guest.lost();
        continue;
      }
      const image = machine.spec.disks.map((_, disk) => this.contents(machine, disk));
      const now = this.instant();
      const judgement = history.judgeSurvivors(
        image,
        now,
        (request) => how === "kill" ? request.acknowledged !== NEVER : guest.flushed.has(request),
        how === "kill",
      );
      this.tell({ kind: "survived", vm: guest.vm, how, judgement });
      guest.lost();
      guest.flushed.clear();
      history.rebase(image, now);
    }
  }

  /** A site is gone for good: what its replica held counts no more. */
  #destroyed(site: Site): void {
    this.tell({ kind: "destroyed", host: site.name });
    if (site.name === "b") this.serverOperator.destroyed();
    for (const machine of this.machines) {
      // A machine that was failed over for good is at the replica by then.
      if (site.name === machine.home) machine.burnt = true;
      else this.#replicaGone(machine);
    }
  }

  /** Its administrator removed a replica. */
  removed(machine: MachineRun): void {
    this.tell({ kind: "removed", vm: machine.guest.vm });
    this.#replicaGone(machine);
  }

  #replicaGone(machine: MachineRun): void {
    for (const point of machine.staged) machine.gone.add(point);
    machine.told.length = 0;
    machine.staged.length = 0;
    machine.failover = undefined;
    this.operator.tests.gone(machine);
    // The guest that ran there is gone as well; the one at the primary is the machine again.
    machine.retired = false;
  }

  /** What the kernel at its home shows of a machine's disk: valid until the next change. */
  contents(machine: MachineRun, disk: number): Uint8Array {
    return this.sectors(machine, disk)?.peek() ?? new Uint8Array(0);
  }

  /** Bytes of every disk of a machine as its server offers them at this moment. */
  #offered(machine: MachineRun): readonly number[] | undefined {
    const exports = this.homeOf(machine).current?.server.exports;
    const sizes = machine.spec.disks.map((_, disk) =>
      exports?.get(exportName(machine.guest.vm, disk))?.disk.size ?? 0
    );
    return sizes.every((size) => size > 0) ? sizes : undefined;
  }

  /** A machine's disk at its home, if it is there. */
  sectors(machine: MachineRun, disk: number): Sectors | undefined {
    const { host } = this.homeOf(machine);
    const path = machine.paths?.[disk] ?? machine.device(disk);
    return (host.disks.get(path)?.node ?? fileAt(host, path))?.sectors;
  }

  /** A server does what only a primary does, and is not where the machine's home was: also one that asks its peers before it is open. */
  #leads(machine: MachineRun, event: EngineEvent, host: string): void {
    const moved = this.roles.settle(machine);
    if (moved || event.kind === "staged" || !machine.roaming) return;
    if (this.sites[host as HostName].current === undefined) machine.claimed = host as HostName;
  }

  #sighted(sighting: Sighting): void {
    const { event, host } = sighting;
    this.failbacks.see(host, event);
    const machine = "machine" in event ? this.machine(event.machine) : undefined;
    // Only a primary sends and cuts, or hears of a point that it is staged: whoever does is one by now.
    const leads = event.kind === "sent" || event.kind === "cut" || event.kind === "staged";
    if (leads && machine !== undefined && host !== machine.home) this.#leads(machine, event, host);
    this.tell({ kind: "engine", sighting });
    if (!("machine" in event) || machine === undefined) return;
    const vm = event.machine;
    if (event.kind === "cut") {
      const instant = this.instant();
      const { history } = machine;
      const sizes = this.#offered(machine);
      machine.cuts.set(event.point, { instant, time: this.now, sizes, history });
      this.tell({ kind: "cut", vm, point: event.point, instant, closed: event.closed });
      const at = host as HostName;
      const atRest = machine.frozenAt.has(at) && machine.guestAt(at).pending === 0;
      if (atRest && machine.moves > 0) this.probe("cut/at-rest-behind-a-move");
      this.tell({ kind: "rest", vm, point: event.point, atRest });
    } else if (event.kind === "staged" && host === machine.home) {
      // Heard of while its replica burned or was removed: nobody has it any more.
      if (machine.gone.has(event.point)) return;
      if (machine.told.at(-1) !== event.point) machine.told.push(event.point);
      this.tell({ kind: "told-staged", vm, point: event.point });
    } else if (event.kind === "staged") {
      machine.staged.push(event.point);
      this.tell({ kind: "staged", vm, point: event.point });
      this.auditor.staged(machine, event.point);
    } else if (event.kind === "dropped") {
      this.tell({ kind: "dropped", vm, point: event.point });
    }
  }
}

/** The sectors that the disks of a machine have once they have grown as often as they may. */
function largestSizes(
  { disks }: MachineSpec,
  vm: number,
  events: readonly ScenarioEvent[],
): readonly number[] {
  return disks.map((sectors, disk) =>
    events.reduce((most, event) => {
      const growth = growthIn(event, vm);
      return growth?.disk === disk ? Math.max(most, growth.sectors) : most;
    }, sectors)
  );
}
