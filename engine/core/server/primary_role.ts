/**
 * The machines whose guests run on this server, and what keeps each of them replicated.
 *
 * @module
 */
// Long because: which machines there are, and who may change one when, is one set of rules.

import {
  type Failed,
  type Failure,
  isFailed,
  localFailure,
  requestFailure,
} from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import type { GenerationId, PointId, Token } from "../base/units.ts";
import type { Folder } from "../ports/folder.ts";
import {
  beginPutOff,
  callOff,
  chooseStart,
  refuseStop,
  START_NOW,
  type StartChoice,
} from "../primary/initial_replication.ts";
import { type Ancestry, relate } from "../lineage/generation.ts";
import { newIdentity } from "../relationship/identity.ts";
import { Links } from "../primary/links.ts";
import type { OutgoingLimits } from "../primary/outgoing.ts";
import { MACHINE_RECORD, type MachineContext, PrimaryMachine } from "../primary/machine.ts";
import { askToken, isHandedOver } from "../primary/planned.ts";
import { Replicator } from "../primary/replicator.ts";
import type { Standing } from "../primary/standing.ts";
import type { StagedPoint } from "../primary/staged_clock.ts";
import { applyWish, type ResyncWish } from "../primary/resync_wish.ts";
import type { Verification } from "../primary/verification.ts";
import { startWhenDue } from "../primary/start_schedule.ts";
import { withoutFreeze } from "../relationship/guest_commands.ts";
import type { Monitoring } from "../relationship/monitoring.ts";
import { loadRecord } from "../relationship/record.ts";
import { keepStatistics, saveStatistics } from "../relationship/statistics_record.ts";
import { changedSettings } from "../relationship/setting_table.ts";
import { refuseTooManyPoints } from "../history/room.ts";
import { parseRetention } from "../wire/retention.ts";
import {
  checkSettings,
  FREQUENCY_DEFAULT,
  refuseNewestOnly,
  type RelationshipSettings,
  RETENTION_DEFAULT,
} from "../relationship/settings.ts";
import { forecastJson, forecastStorage, joinedChurn } from "../relationship/storage_forecast.ts";
import { Mutex } from "../runtime/lock.ts";
import { adviceFor, nextState, type StateEvent } from "../relationship/state.ts";
import { Scope } from "../runtime/scope.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import { all, interrupted } from "../runtime/together.ts";
import type { MessageOf } from "../wire/message.ts";
import { exportName, type Exports } from "./exports.ts";
import { type Demotion, objection, type Promotion } from "./role_change.ts";
import { Registry } from "./registry.ts";
import { primaryStatus, unopenedStatus } from "./status.ts";

/** A machine and, while it has a relationship, its replicator in a scope of its own. */
interface Entry {
  readonly machine: PrimaryMachine;
  /** Its relationship changes one at a time. */
  readonly changing: Mutex;
  replicator: Replicator | undefined;
  scope: Scope | undefined;
  /** Another time was chosen to start at. */
  readonly putOff: Signal;
  /** Who says that the machine runs over there, and why it was not given up; until the server stops. */
  challenger?: Challenger;
  /** Why its guest is not served, though it is its machine's primary; `undefined` while it is (L6). */
  held?: Failure | undefined;
}

/** A peer that opened a machine of ours with a history of its own. */
export interface Challenger {
  readonly peer: string;
  readonly ancestry: Ancestry;
  readonly failure: Failure | undefined;
}

/** This server as a primary. */
export class PrimaryRole {
  readonly #context: MachineContext;
  readonly #folder: Folder;
  readonly #exports: Exports;
  readonly #links: Links;
  readonly #machines = new Registry<Entry>(noSuchMachine);

  constructor(context: MachineContext, folder: Folder, exports: Exports, links: Links) {
    this.#context = context;
    this.#folder = folder;
    this.#exports = exports;
    this.#links = links;
  }

  /**
   * Opens every machine that is recorded and offers its disks. One that cannot be opened, for a disk of
   * its is gone, stands in the status with its reason and keeps no other from its work.
   */
  *open(): Task<void> {
    for (const name of yield* this.#folder.list()) {
      try {
        yield* this.#openMachine(name, "ask");
      } catch (error) {
        if (!isFailed(error) || error.code === "cancelled") throw error;
        this.#machines.unopened.set(name, error.failure);
      }
    }
  }

  /**
   * Asks the replicas of the machines that were opened whether their guests run over there, all at once and for
   * a bounded time, and serves those that do not (L6).
   */
  *askPeers(): Task<void> {
    const asked = [...this.#machines.entries.values()].filter(({ held }) => held !== undefined);
    yield* all("ask-peers", asked.map((entry) => this.#askPeer(entry)));
  }

  *#standing(replicator: Replicator | undefined): Task<Standing> {
    if (replicator === undefined) return { kind: "here" };
    try {
      return yield* replicator.standing();
    } catch (error) {
      // Its new primary came first, and has it now: there is nothing to be served, and no server to stop.
      if (!isFailed(error) || (yield* interrupted())) throw error;
      return { kind: "unknown" };
    }
  }

  *#askPeer(entry: Entry): Task<void> {
    const { machine, replicator } = entry;
    const standing = yield* this.#standing(replicator);
    const serve = standing.kind === "here" ||
      (standing.kind === "unknown" && machine.settings?.onUnknown !== "hold");
    // It may have been removed, or given up to its new primary, while it was asked for.
    if (this.#machines.entries.get(machine.name) !== entry || entry.scope === undefined) return;
    if (replicator !== undefined) entry.scope.spawn("run", replicator.run());
    if (serve) return this.#serve(entry);
    entry.held = standing.kind === "there"
      ? runsThere(machine, standing.failure)
      : unanswered(machine);
    entry.scope.spawn("held", this.#untilServed(entry));
  }

  /** One that is held back is served once its replica takes its data again, or the policy says so. */
  *#untilServed(entry: Entry): Task<void> {
    yield* (entry.replicator as Replicator).untilWelcome();
    this.#serve(entry);
  }

  #serve(entry: Entry): void {
    if (entry.held === undefined) return;
    entry.held = undefined;
    this.#offer(entry.machine);
  }

  /** True when a machine of that name is open here. */
  opened(name: string): boolean {
    return this.#machines.entries.has(name);
  }

  /**
   * Takes up a machine that was failed over to this server: from here on its guest runs here, under the
   * same names of exports, and its changes are replicated to `promotion.settings.to`.
   */
  promote(promotion: Promotion): Task<void> {
    return this.#machines.reserve(promotion.name, this.#promote(promotion));
  }

  *#promote(promotion: Promotion): Task<void> {
    const { name } = promotion;
    const folder = yield* this.#folder.folder(name, { create: true });
    yield* this.#folder.flush();
    const record = yield* PrimaryMachine.writeRecord(this.#context, folder, promotion);
    try {
      this.#take(yield* PrimaryMachine.open(this.#context, folder, record));
    } catch (error) {
      // It is the primary's all the same: the next start tries again.
      if (!isFailed(error) || error.code === "cancelled") throw error;
      this.#machines.unopened.set(name, error.failure);
      throw error;
    }
  }

  /** See `PrimarySide`. */
  demote<T>(
    opening: MessageOf<"open-machine">,
    peer: string,
    adopt: (demotion: Demotion) => Task<T>,
    undo: (adopted: T) => Task<void>,
  ): Task<T> {
    const { name } = opening;
    return this.#machines.alone(
      name,
      (entry) => this.#machines.reserve(name, this.#demote(entry, opening, peer, adopt, undo)),
    );
  }

  *#demote<T>(
    entry: Entry,
    opening: MessageOf<"open-machine">,
    peer: string,
    adopt: (demotion: Demotion) => Task<T>,
    undo: (adopted: T) => Task<void>,
  ): Task<T> {
    const { machine } = entry;
    const { name } = machine;
    const against = objection(machine, opening, peer, this.#clients(machine));
    entry.challenger = { peer, ancestry: opening.ancestry, failure: against?.failure };
    // Who comes with an older history is back: it is replicated to, and follows, as soon as we reach it.
    if (against?.code === "older-generation") entry.replicator?.ask();
    if (against !== undefined) throw against;
    nextState(machine.state, "demote", name);
    yield* this.#stop(entry);
    // From here on no write passes (L6): guests are gone, disks and logs are closed in order.
    yield* this.#withdraw(machine);
    const demotion = this.#describe(machine);
    if (!this.#claim(machine)) throw localFailure("cancelled", "The server stops");
    yield* machine.close();
    let adopted: T | undefined;
    try {
      adopted = yield* adopt(demotion);
      // Crash before: the record is there, so the machine is a primary's, and is given up again. After:
      // it is a replica.
      yield* this.#forget(name);
      return adopted;
    } catch (error) {
      if (adopted !== undefined) yield* undo(adopted);
      yield* this.#openAgain(name);
      throw error;
    }
  }

  /** What could not be given up goes on here. */
  *#openAgain(name: string): Task<void> {
    try {
      yield* this.#openMachine(name);
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      this.#machines.unopened.set(name, error.failure);
    }
  }

  #clients(machine: PrimaryMachine): number {
    const names = [...machine.disks.keys()].map((index) => exportName(machine.name, index));
    return names.reduce((sum, name) => sum + this.#exports.clients(name), 0);
  }

  /** What a machine is whose disks are about to be closed, nothing being in flight any more. */
  #describe(machine: PrimaryMachine): Demotion {
    const { id, name, geometry, ancestry, tracked } = machine;
    const { clock, entropy } = this.#context.ports;
    const [first] = tracked;
    const base = first?.base.kind === "point" ? first.base.point : undefined;
    const settled = tracked.every((disk) =>
      disk.unchanged && disk.base.kind === "point" && disk.base.point === base
    );
    const own = settled ? base : undefined;
    return {
      id,
      name,
      geometry,
      ancestry,
      paths: machine.disks.map(({ path }) => path),
      sizes: machine.sizes,
      tail: {
        point: own ?? newIdentity<PointId>(entropy),
        kind: "standard",
        cutAt: Math.max(0, clock.wall()),
        losing: own === undefined,
      },
    };
  }

  *#openMachine(name: string, how: "ask" | "serve" = "serve"): Task<void> {
    const folder = yield* this.#folder.folder(name);
    const { kernel } = this.#context.ports.codec;
    const record = yield* loadRecord(kernel, folder, MACHINE_RECORD);
    // A crash while the machine was being added: it was never acknowledged.
    if (record === undefined) yield* this.#folder.remove(name);
    else this.#take(yield* PrimaryMachine.open(this.#context, folder, record), how);
  }

  /** `ask`: its guest is served only when its replica was asked, if it may have been started there. */
  #take(machine: PrimaryMachine, how: "ask" | "serve" = "serve"): void {
    const changing = new Mutex();
    const entry: Entry = {
      machine,
      changing,
      replicator: undefined,
      scope: undefined,
      putOff: new Signal(),
    };
    this.#machines.entries.set(machine.name, entry);
    // One that is prepared for a planned failover is locked until that is cancelled, or over (L4).
    const locked = machine.state === "PreparedForFailover";
    if (how === "ask" && !locked && mayRunThere(machine)) entry.held = asking(machine);
    else if (!locked) this.#offer(machine);
    this.#replicate(entry);
  }

  #offer(machine: PrimaryMachine): void {
    for (const [index, disk] of machine.disks.entries()) {
      if (disk.part !== "removed") this.#exports.offer(exportName(machine.name, index), disk);
    }
  }

  /** `before`: the replicator of the same relationship, whose numbers go on. */
  #replicate(entry: Entry, before?: Replicator): void {
    const { settings } = entry.machine;
    if (settings === undefined) return;
    const { ports } = this.#context;
    entry.replicator = new Replicator(ports, entry.machine, settings, this.#links, before);
    entry.scope = new Scope(ports.loop, `replicate/${entry.machine.name}`);
    // Of one whose replica is asked first, replication begins behind the answer.
    if (entry.held === undefined) entry.scope.spawn("run", entry.replicator.run());
    entry.scope.spawn("statistics", this.#keepStatistics(entry.machine, entry.replicator));
    const { machine, putOff } = entry;
    const begin = () => this.#machines.alone(machine.name, (own) => this.#beginPutOff(own));
    entry.scope.spawn("start-at", startWhenDue({ ports, machine, chosen: putOff, begin }));
  }

  #keepStatistics(machine: PrimaryMachine, { monitoring }: Replicator): Task<void> {
    return keepStatistics(this.#context.ports, machine.folder, monitoring);
  }

  /** Counters by monitoring interval; refused where there is no relationship. */
  monitoring(name: string): Monitoring {
    const { machine, replicator } = this.#machines.entry(name);
    if (replicator !== undefined) return replicator.monitoring;
    throw requestFailure(
      "wrong-state",
      `"${name}" is not replicated: there are no statistics in state ${machine.state}`,
      adviceFor(machine.state),
    );
  }

  /** Ends the monitoring interval of a machine and begins another one; durable when it returns. */
  *resetStatistics(name: string): Task<void> {
    const { ports } = this.#context;
    const monitoring = this.monitoring(name);
    monitoring.reset(ports.clock.wall());
    yield* saveStatistics(ports, this.#machines.entry(name).machine.folder, monitoring);
  }

  *#beginPutOff(entry: Entry): Task<void> {
    if (yield* beginPutOff(entry.machine, this.#context.ports.clock.wall())) {
      entry.replicator?.ask();
    }
  }

  /** What all machines may send from now on, together. */
  limit(limits: OutgoingLimits): void {
    this.#links.outgoing.limit(limits);
  }

  /** Machine names in the order in which they were added. */
  names(): readonly string[] {
    return this.#machines.names();
  }

  /** True when a machine of that name runs here, or is just being added or removed. */
  has(name: string): boolean {
    return this.#machines.has(name);
  }

  /** The machine here whose name is `name` but for case. */
  rival(name: string): string | undefined {
    return this.#machines.rival(name);
  }

  /** The machine and its replicator; `no-such-machine` when there is none. */
  entry(name: string): { readonly machine: PrimaryMachine; readonly replicator?: Replicator } {
    const { machine, replicator } = this.#machines.entry(name);
    return replicator === undefined ? { machine } : { machine, replicator };
  }

  /** Adds a machine and offers its disks; `exists` when the name is taken. */
  *add(name: string, paths: readonly string[]): Task<PrimaryMachine> {
    const rival = this.rival(name);
    if (rival !== undefined) {
      throw requestFailure("exists", `A machine "${rival}" exists here`, "Choose another name");
    }
    this.#refuseTaken(paths);
    return yield* this.#machines.reserve(name, this.#add(name, paths));
  }

  /** A disk belongs to one machine. */
  #refuseTaken(paths: readonly string[]): void {
    for (const { machine } of this.#machines.entries.values()) {
      const taken = machine.disks.find((disk) => paths.includes(disk.path));
      if (taken === undefined) continue;
      throw requestFailure(
        "exists",
        `"${taken.path}" is a disk of machine "${machine.name}"`,
        "A disk belongs to one machine: name another disk, or remove that machine first",
      );
    }
  }

  *#add(name: string, paths: readonly string[]): Task<PrimaryMachine> {
    const folder = yield* this.#folder.folder(name, { create: true });
    yield* this.#folder.flush();
    try {
      const machine = yield* PrimaryMachine.add(this.#context, folder, name, paths);
      this.#take(machine);
      return machine;
    } catch (error) {
      yield* this.#folder.remove(name);
      yield* this.#folder.flush();
      throw error;
    }
  }

  /** Removes a machine without a relationship; its disks stay as they are. */
  *remove(name: string): Task<void> {
    if (this.#machines.unopened.delete(name)) {
      return yield* this.#machines.reserve(name, this.#forget(name));
    }
    yield* this.#machines.alone(name, (entry) => this.#machines.reserve(name, this.#remove(entry)));
  }

  *#remove({ machine }: Entry): Task<void> {
    const { name } = machine;
    if (machine.state !== "Disabled") {
      throw requestFailure(
        "wrong-state",
        `Cannot remove "${name}": it is replicated to ${machine.settings?.to ?? "another server"}`,
        `End that first: "warmsite replication disable ${name}"`,
      );
    }
    yield* this.#withdraw(machine);
    if (!this.#claim(machine)) {
      throw localFailure("cancelled", `The server stopped before "${name}" was removed`);
    }
    yield* machine.close();
    yield* this.#forget(name);
  }

  *#forget(name: string): Task<void> {
    yield* this.#folder.remove(name);
    yield* this.#folder.flush();
  }

  *#withdraw(machine: PrimaryMachine): Task<void> {
    for (const index of machine.disks.keys()) {
      yield* this.#exports.withdraw(exportName(machine.name, index));
    }
  }

  /** Enables replication: from its return on every change is tracked. */
  *enable(name: string, settings: RelationshipSettings): Task<void> {
    const checked = checkSettings(settings);
    yield* this.#machines.alone(name, (entry) => this.#enable(entry, checked));
  }

  *#enable(entry: Entry, settings: RelationshipSettings): Task<void> {
    refuseTooMany(entry.machine, settings);
    yield* entry.machine.enable(settings);
    this.#replicate(entry);
  }

  /** What the replica will need for a machine and the points that are chosen. */
  storage(name: string): JsonObject {
    const { machine } = this.#machines.entry(name);
    const { settings } = machine;
    const disks = machine.disks.filter(({ part }) => part === "replicated");
    const churn = joinedChurn(disks.map((disk) => disk.churn.churn()));
    const size = disks.reduce((sum, disk) => sum + disk.size, 0);
    const measured = Math.min(...disks.map((disk) => disk.churn.measured));
    const retention = parseRetention(settings?.retention ?? RETENTION_DEFAULT);
    const frequency = settings?.frequency ?? FREQUENCY_DEFAULT;
    return forecastJson(forecastStorage(retention, frequency, size, churn, measured));
  }

  /** Changes settings of a relationship, durably; the next cycle is by them. */
  set(name: string, args: JsonObject): Task<void> {
    return this.#machines.alone(name, (entry) => this.#set(entry, args));
  }

  *#set(entry: Entry, args: JsonObject): Task<void> {
    const { machine, replicator } = entry;
    yield* machine.change((settings) => {
      const changed = changedSettings(settings, args);
      refuseTooMany(machine, changed);
      return changed;
    });
    if (machine.settings !== undefined) replicator?.change(machine.settings);
    const unanswered = entry.held?.code === "timed-out";
    if (unanswered && machine.settings?.onUnknown === "serve") this.#serve(entry);
  }

  /**
   * Starts initial replication, or starts it again; or puts it off to a time. `takeOver`: of several copies of
   * this server this is the one that the replica shall be written by (L1).
   */
  start(name: string, takeOver = false, choice: StartChoice = START_NOW): Task<void> {
    return this.#machines.alone(name, (entry) => this.#start(entry, takeOver, choice));
  }

  *#start(entry: Entry, takeOver: boolean, choice: StartChoice): Task<void> {
    const now = yield* chooseStart(entry.machine, choice);
    if (choice.at !== undefined) entry.putOff.notify();
    if (takeOver) entry.machine.presence.takeOver();
    if (takeOver || now) entry.replicator?.ask();
  }

  /**
   * Stops an initial replication that runs, or calls off one that was put off. What the replica or the
   * package holds stays, and so do the marks of what it lacks: the same way goes on there when it is started again.
   */
  stop(name: string): Task<void> {
    return this.#machines.alone(name, (entry) => this.#stopInitial(entry));
  }

  *#stopInitial(entry: Entry): Task<void> {
    const { machine, scope, replicator } = entry;
    if (yield* callOff(machine)) return;
    refuseStop(machine);
    entry.scope = undefined;
    if (scope !== undefined) yield* scope.cancel();
    try {
      // It may have come to its end before it was cancelled.
      refuseStop(machine);
      yield* machine.enterWith("stop", undefined);
      replicator?.forgetFailure();
    } finally {
      this.#replicate(entry, replicator);
    }
  }

  /** Compares a machine with its replica; returns what was found, and the newest point it holds of. */
  *verify(
    name: string,
  ): Task<{ readonly found: Verification; readonly point: PointId | undefined }> {
    const { machine, replicator } = this.#machines.entry(name);
    if (replicator === undefined || machine.state !== "Replicating") {
      throw requestFailure(
        "wrong-state",
        `Cannot verify "${name}" in state ${machine.state}`,
        "Only a machine that is replicating can be compared with its replica",
      );
    }
    const found = yield* replicator.verify();
    return { found, point: replicator.base };
  }

  /** See `RESYNC_VERBS`: what the administrator wants of a machine's resynchronization. */
  resync(name: string, wish: ResyncWish): Task<void> {
    return this.#machines.alone(name, (entry) => this.#resync(entry, wish));
  }

  *#resync({ machine, replicator }: Entry, wish: ResyncWish): Task<void> {
    yield* applyWish(machine, wish);
    replicator?.ask();
  }

  /** Sends nothing from now on, durably; changes are tracked. A cycle under way ends. */
  pause(name: string): Task<void> {
    return this.#machines.alone(name, (entry) => this.#pause(entry));
  }

  *#pause({ machine, replicator }: Entry): Task<void> {
    yield* machine.enter("pause");
    replicator?.pause();
  }

  /** Sends again, whatever ended it: a pause, a failure that a person had to mend, an update of its disks. */
  resume(name: string): Task<void> {
    return this.#machines.alone(name, (entry) => this.#resume(entry));
  }

  *#resume({ machine, replicator }: Entry): Task<void> {
    const { because } = machine;
    yield* machine.enter(resumingEvent(machine));
    replicator?.resume(because);
  }

  /** Runs a cycle, with the guest at rest for its cut if `atRest`; returns its point when it is staged. */
  *cycle(name: string, atRest = false): Task<StagedPoint> {
    const { machine, replicator } = this.#machines.entry(name);
    if (replicator !== undefined && canCycle(machine.state)) {
      if (atRest) refuseWithoutFreeze(machine);
      return yield* replicator.cycle(atRest);
    }
    const { because, state } = machine;
    throw requestFailure(
      "wrong-state",
      `Cannot run a cycle of "${name}" in state ${state}` +
        (because === undefined ? "" : `: ${because.message}`),
      because === undefined ? adviceFor(state) : `${because.action}. ${adviceFor(state)}`,
    );
  }

  /** Makes a disk larger; returns the bytes that it had. */
  *grow(name: string, disk: number, size: number): Task<number> {
    let before = 0;
    yield* this.#machines.alone(name, function* ({ machine }) {
      before = machine.sizes[disk] ?? 0;
      yield* machine.grow(disk, size);
    });
    return before;
  }

  /** Adds a disk and offers it; returns its index. */
  addDisk(name: string, path: string): Task<number> {
    return this.#machines.alone(name, (entry) => this.#addDisk(entry, path));
  }

  *#addDisk(entry: Entry, path: string): Task<number> {
    this.#refuseTaken([path]);
    const { machine } = entry;
    let index = -1;
    const add = function* () {
      index = yield* machine.addDisk(path);
    };
    yield* this.#betweenDeltas(entry, add());
    this.#exports.offer(exportName(machine.name, index), machine.disk(index));
    entry.replicator?.ask();
    return index;
  }

  /** Takes a disk out of its machine. Refused while a guest is attached to it. */
  removeDisk(name: string, index: number): Task<void> {
    return this.#machines.alone(name, (entry) => this.#removeDisk(entry, index));
  }

  *#removeDisk(entry: Entry, index: number): Task<void> {
    const { machine } = entry;
    const disk = machine.disk(index);
    const own = exportName(machine.name, index);
    if (this.#exports.clients(own) > 0) {
      throw requestFailure(
        "busy",
        `A guest is attached to ${own}`,
        "Take the disk out of the guest first, e.g. with device_del in QEMU",
      );
    }
    yield* this.#exports.withdraw(own);
    try {
      yield* this.#betweenDeltas(entry, machine.removeDisk(index));
    } finally {
      if (machine.disks[index] === disk) this.#exports.offer(own, disk);
    }
  }

  /** Leaves a disk out of replication, or takes it in again. */
  excludeDisk(name: string, index: number, excluded: boolean): Task<void> {
    return this.#machines.alone(
      name,
      function* (this: PrimaryRole, entry: Entry): Task<void> {
        yield* this.#betweenDeltas(entry, entry.machine.excludeDisk(index, excluded));
        entry.replicator?.ask();
      }.bind(this),
    );
  }

  /**
   * Does `change` to the disks of a machine while nothing of them is being sent. The delta under way is begun
   * anew, with all of its blocks; nothing else is lost.
   */
  *#betweenDeltas(entry: Entry, change: Task<void>): Task<void> {
    const { machine, scope, replicator } = entry;
    entry.scope = undefined;
    if (scope !== undefined) yield* scope.cancel();
    try {
      yield* change;
    } finally {
      for (const disk of machine.tracked) disk.forgetProgress();
      if (scope !== undefined) this.#replicate(entry, replicator);
    }
  }

  /** Ends the relationship on this side. */
  disable(name: string): Task<void> {
    return this.#machines.alone(name, (entry) => this.#disable(entry));
  }

  *#disable(entry: Entry): Task<void> {
    const { machine, scope, replicator } = entry;
    nextState(machine.state, "disable", machine.name);
    entry.scope = undefined;
    // It has stopped; what it counted stands in the status until the record says that this has ended.
    if (scope !== undefined) yield* scope.cancel();
    try {
      yield* machine.disable();
    } finally {
      entry.replicator = undefined;
      // The record could not be written: the relationship is still there, and goes on.
      if (machine.state !== "Disabled") this.#replicate(entry, replicator);
    }
  }

  /** The name of the server that the machine is replicated to, as its certificate says; asks it. */
  *replicaServer(name: string): Task<string> {
    const { replicator } = this.#replicated(name);
    let server = "";
    yield* replicator.errand(function* (peer) {
      server = peer.server;
    });
    return server;
  }

  #replicated(name: string): { readonly machine: PrimaryMachine; readonly replicator: Replicator } {
    const { machine, replicator } = this.#machines.entry(name);
    if (replicator !== undefined) return { machine, replicator };
    throw requestFailure(
      "wrong-state",
      `"${name}" is not replicated`,
      'Enable and start replication first: "warmsite replication enable"',
    );
  }

  /**
   * Locks a machine for a planned failover and sends what is left; returns when the replica has it. What
   * fails on the way leaves it locked: asked for again it goes on, and `cancelPrepared` takes it back.
   */
  *prepare(name: string): Task<void> {
    yield* this.#machines.alone(name, (entry) => this.#lock(entry));
    const { machine, replicator } = this.#replicated(name);
    if (isHandedOver(machine)) return;
    // The replicator does it by itself, and again after whatever goes wrong; this waits, and is told.
    yield* replicator.errand((peer) => replicator.handOver(peer));
  }

  *#lock({ machine }: Entry): Task<void> {
    if (machine.state === "PreparedForFailover") return;
    machine.check("prepare-failover");
    yield* this.#withdraw(machine);
    try {
      yield* machine.prepare(newIdentity<Token>(this.#context.ports.entropy));
    } catch (error) {
      // Whether the record is durable nobody knows; if it is, the machine is locked from the next start on.
      this.#offer(machine);
      throw error;
    }
  }

  /** Asks the replica to bring a prepared machine up, and to become its primary. */
  *giveAway(name: string): Task<void> {
    const { machine, replicator } = this.#replicated(name);
    const token = machine.planned?.token;
    if (token === undefined) return machine.check("cancel-failover");
    yield* replicator.errand((peer) => askToken(peer, "planned-take", token));
  }

  /**
   * Takes a prepared machine back: the replica gives up the right to start it, durably. `force`: without its
   * word; what is written from here on is of a generation of its own, and two sides that both go on are a split brain.
   */
  cancelPrepared(name: string, force: boolean): Task<void> {
    return this.#machines.alone(name, (entry) => this.#cancelPrepared(entry, force));
  }

  *#cancelPrepared({ machine }: Entry, force: boolean): Task<void> {
    const { name, planned } = machine;
    machine.check("cancel-failover");
    const { replicator } = this.#replicated(name);
    const token = planned?.token as Token;
    if (force) yield* this.#takeBackByForce(machine);
    else {
      try {
        yield* replicator.errand((peer) => askToken(peer, "planned-return", token));
      } catch (error) {
        throw isFailed(error) && error.code !== "cancelled" ? notReturned(name, error) : error;
      }
      yield* machine.takeBack();
    }
    this.#offer(machine);
    replicator.ask();
  }

  /** The other side's history, as the replica or a new primary told it last. */
  #theirs({ challenger, replicator }: Entry): Ancestry | undefined {
    return challenger?.ancestry ?? replicator?.theirs;
  }

  /**
   * Does what the administrator says in a split brain: `digits` begin the newest generation of the side that
   * stays. What the other side alone has is kept there as a point.
   */
  resolve(name: string, digits: string): Task<void> {
    return this.#machines.alone(name, (entry) => this.#resolve(entry, digits));
  }

  *#resolve(entry: Entry, digits: string): Task<void> {
    const { machine, replicator } = entry;
    const theirs = this.#theirs(entry);
    const other = theirs?.[0]?.generation;
    const split = theirs !== undefined && relate(machine.ancestry, theirs) === "split";
    if (!split || other === undefined) throw noSplit(machine.name);
    if (other.startsWith(digits)) {
      yield* machine.yieldTo(other);
    } else if (machine.generation.startsWith(digits)) {
      const { entropy } = this.#context.ports;
      const branch = this.#branchPoint(machine);
      yield* machine.outrank(newIdentity<GenerationId>(entropy), branch, theirs);
      delete entry.challenger;
      replicator?.ask();
    } else {
      throw requestFailure(
        "bad-argument",
        `No branch of "${machine.name}" begins with "${digits}"`,
        `There are ${machine.generation} (here) and ${other}`,
      );
    }
  }

  #branchPoint(machine: PrimaryMachine): PointId {
    const base = machine.tracked[0]?.base;
    return base?.kind === "point" ? base.point : newIdentity<PointId>(this.#context.ports.entropy);
  }

  *#takeBackByForce(machine: PrimaryMachine): Task<void> {
    const { entropy } = this.#context.ports;
    const branch = this.#branchPoint(machine);
    yield* machine.takeBackByForce(newIdentity<GenerationId>(entropy), branch);
  }

  *#stop(entry: Entry): Task<void> {
    const { scope, replicator } = entry;
    entry.scope = undefined;
    entry.replicator = undefined;
    if (scope !== undefined) yield* scope.cancel();
    // One that waits for its replica's word does not run yet, and may have been asked for something.
    replicator?.ended();
  }

  /** Status of one machine. */
  status(name: string): JsonObject {
    const failure = this.#machines.unopened.get(name);
    if (failure !== undefined) return unopenedStatus(name, "primary", failure);
    const entry = this.#machines.entry(name);
    const { machine, replicator, held, challenger } = entry;
    const outside = [held, challenger?.failure].filter((each) => each !== undefined);
    const now = this.#context.ports.clock.now();
    const wall = this.#context.ports.clock.wall();
    return primaryStatus(machine, replicator, now, wall, { outside, theirs: this.#theirs(entry) });
  }

  /**
   * Stops replication (whoever waits for a cycle is told so), waits for `calm`, drops guests and closes every
   * disk in order; each machine by itself.
   */
  *close(calm: () => Task<void>): Task<void> {
    const entries = [...this.#machines.entries.values()];
    yield* all("close", entries.map((entry) => this.#close(entry, calm)));
    this.#links.close();
    this.#machines.entries.clear();
  }

  *#close(entry: Entry, calm: () => Task<void>): Task<void> {
    yield* this.#stop(entry);
    yield* calm();
    // What a verb began meanwhile.
    yield* this.#stop(entry);
    yield* this.#withdraw(entry.machine);
    if (this.#claim(entry.machine)) yield* entry.machine.close();
  }

  /** A machine that is removed while the server stops is closed by whoever takes it off the list. */
  #claim(machine: PrimaryMachine): boolean {
    const { entries } = this.#machines;
    return entries.get(machine.name)?.machine === machine && entries.delete(machine.name);
  }
}

/** An application-consistent point needs commands of this side, and a place among the points kept. */
function refuseWithoutFreeze({ name, commands, settings }: PrimaryMachine): void {
  if (settings !== undefined) refuseNewestOnly(settings);
  if (!commands.canFreeze(name)) throw withoutFreeze(name);
}

function canCycle(state: string): boolean {
  return state === "Replicating" || state === "InitialReplicationInProgress" ||
    state === "WaitingForStartResynchronize" || state === "Resynchronizing" ||
    state === "WaitingForUpdateCompletion";
}

/** True when its replica may have been failed over to: it has, or may have, a recovery point. */
function mayRunThere({ state, tracked }: PrimaryMachine): boolean {
  if (state === "Disabled" || state === "ReadyForInitialReplication") return false;
  return state !== "InitialReplicationInProgress" ||
    tracked.some(({ base }) => base.kind === "point");
}

function asking({ name }: PrimaryMachine): Failure {
  return localFailure("busy", `The replica of "${name}" is asked whether it runs there`, "Wait")
    .failure;
}

function runsThere({ name, settings }: PrimaryMachine, because: Failure): Failure {
  return {
    code: because.code,
    side: "peer",
    message: `"${name}" is not served here: it runs at ${settings?.to ?? "its replica"}`,
    action: because.code === "split-brain"
      ? because.action
      : "Nothing, if that is as it should be: this server becomes its replica once that failover is " +
        "reversed there, and serves it again once it is cancelled",
  };
}

function unanswered({ name, settings }: PrimaryMachine): Failure {
  return localFailure(
    "timed-out",
    `"${name}" is not served: ${settings?.to ?? "its replica"} does not say whether it runs there`,
    `Make sure that it does not, then "warmsite replication set ${name} --on-unknown serve"`,
  ).failure;
}

function noSplit(name: string): Failed {
  return requestFailure(
    "wrong-state",
    `The two sides of "${name}" are not a split brain, as far as this server was told`,
    'Look at "warmsite replication status"; a side that is only older becomes the replica by itself',
  );
}

function notReturned(name: string, { failure }: Failed): Failed {
  return localFailure(
    failure.code,
    `The replica has not given the right to start "${name}" back: ${failure.message}`,
    `Cancel a failover there first, or make it reachable. If it is lost for good: "warmsite failover ` +
      `cancel ${name} --force"; should it have been started there, both sides have gone on then`,
  );
}

function noSuchMachine(name: string): Failed {
  return requestFailure(
    "no-such-machine",
    `No machine "${name}" runs on this server`,
    'Look at "warmsite vm list"',
  );
}

function refuseTooMany(machine: PrimaryMachine, settings: RelationshipSettings): void {
  const retention = parseRetention(settings.retention);
  refuseTooManyPoints(retention, settings.frequency, machine.disks.length);
}

/** How a machine goes on that was paused, or failed for good. */
function resumingEvent({ state, plan, tracked }: PrimaryMachine): StateEvent {
  const stopped = state === "Error" || state === "Suspended";
  // Its first copy is on its way on media: nothing is sent in its place.
  if (stopped && plan?.exported !== undefined) return "await-import";
  // An initial replication that failed for good goes on as one.
  const seeding = state === "Error" && tracked.some(({ base }) => base.kind !== "point");
  return seeding ? "start" : "resume";
}
