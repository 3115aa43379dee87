/**
 * The machines that other servers replicate to this one.
 *
 * @module
 */
// Long because: which machines there are, and who may change one when, is one set of rules.

import { Failed, isFailed, localFailure, peerFailure, requestFailure } from "../base/failure.ts";
import { assert } from "../base/assert.ts";
import type { JsonObject } from "../base/json.ts";
import { isName } from "../base/name.ts";
import { isGeometry } from "../block/geometry.ts";
import { type PointId, SECOND } from "../base/units.ts";
import { Failover } from "../failover/failover.ts";
import { settleFailover } from "../failover/in_force.ts";
import { type TestFailover, TestFailovers } from "../failover/test_failover.ts";
import type { RecoveryPoint } from "../history/recovery_point.ts";
import { isBlank } from "../history/blank.ts";
import { HistoryCache } from "../history/history_cache.ts";
import { ReplicaStore } from "../history/replica_store.ts";
import { type Ancestry, relate } from "../lineage/generation.ts";
import type { Ports } from "../ports/ports.ts";
import type { ExportedPoint } from "../replica/export_point.ts";
import { type Admit, type ReplicaContext, ReplicaMachine } from "../replica/replica_machine.ts";
import { PackageReader } from "../history/package_reader.ts";
import { importPackage } from "../replica/importing.ts";
import { filesByDisk, noCopy, refuseOtherCopy } from "../replica/existing_copy.ts";
import { type ReplicaRecord, replicaToJson } from "../replica/replica_record.ts";
import type { RelationshipSettings } from "../relationship/settings.ts";
import type { Monitoring } from "../relationship/monitoring.ts";
import { keepStatistics, saveStatistics } from "../relationship/statistics_record.ts";
import { Mutex } from "../runtime/lock.ts";
import { Scope } from "../runtime/scope.ts";
import { done, type Task } from "../runtime/task.ts";
import { all } from "../runtime/together.ts";
import type { Channel } from "../wire/channel.ts";
import type { MessageOf } from "../wire/message.ts";
import { parseRetention } from "../wire/retention.ts";
import type { Authorization } from "./authorization.ts";
import { exportName, type Exports } from "./exports.ts";
import type { ReplicaHome, ReplicaPlaces } from "./replica_places.ts";
import {
  firstMessage,
  refuse,
  refuseFormerDisks,
  refuseLastCopy,
  refuseRebuiltFailover,
  refuseWhileFailedOver,
  sameButForCase,
} from "./replica_refusals.ts";
import { ReplicaCopies } from "./replica_copies.ts";
import { Registry } from "./registry.ts";
import { holdsDisksOnly, setFormerAside, strip } from "./replica_folder.ts";
import type { Demotion, PrimarySide, Promotion } from "./role_change.ts";
import type { ServerSettings } from "./settings.ts";
import { copyStatus, replicaStatus, unopenedStatus } from "./status.ts";

/** Machines on one replica server: each holds files open and space taken (E6). */
const MACHINES_MAX = 1024;
/** How often a storage location that was missing at the start is looked for, µs. */
const LOOK_AGAIN = 10 * SECOND;

/** Name of the hold that keeps what only a demoted primary had (L6). */
const TAIL_HOLD = "losing-tail";

/** A replica that was made of a primary's disks. */
interface Adopted {
  readonly store: ReplicaStore;
  readonly home: ReplicaHome;
}

interface Entry {
  readonly machine: ReplicaMachine;
  readonly home: ReplicaHome;
  readonly scope: Scope;
  /** Its failover changes, and it is removed, one at a time. */
  readonly changing: Mutex;
  failover: Failover | undefined;
  readonly tests: TestFailovers;
}

/** This server as a replica. */
export class ReplicaRole {
  readonly #ports: Ports;
  readonly #settings: ServerSettings;
  readonly #places: ReplicaPlaces;
  readonly #authorization: Authorization;
  readonly #exports: Exports;
  readonly #machines = new Registry<Entry>(noSuchMachine);
  readonly #scope: Scope;
  /** Those of the unopened whose location was missing. */
  readonly #waiting = new Set<string>();
  /** Copies that wait for their primary. */
  readonly #copies: ReplicaCopies;
  /** Machines are created one at a time; those that are there never wait for that. */
  readonly #creating = new Mutex();
  #closed = false;
  #bringUp: ((name: string) => Task<void>) | undefined;
  /** What the primary's role has of the same names. */
  readonly #primary: PrimarySide;
  readonly #context: ReplicaContext;

  constructor(
    context: ReplicaContext,
    settings: ServerSettings,
    places: ReplicaPlaces,
    authorization: Authorization,
    exports: Exports,
    primary: PrimarySide,
  ) {
    const { ports } = context;
    this.#context = context;
    this.#ports = ports;
    this.#settings = settings;
    this.#places = places;
    this.#authorization = authorization;
    this.#exports = exports;
    this.#copies = new ReplicaCopies(ports);
    this.#scope = new Scope(ports.loop, "replicas");
    this.#primary = primary;
  }

  /**
   * Opens every machine that is here and finishes what a crash interrupted. One that cannot be opened
   * stands in the status with its reason and keeps no other from its work.
   */
  *open(): Task<void> {
    for (const name of yield* this.#places.list()) yield* this.#openMachine(name);
    yield* this.#copies.open((name) => this.has(name));
    if (this.#waiting.size > 0) this.#scope.spawn("locations", this.#lookForLocations());
  }

  *#openMachine(name: string): Task<void> {
    let home: ReplicaHome | undefined;
    try {
      home = yield* this.#places.find(name);
      if (home !== undefined && (yield* this.#isElsewhere(home, name))) home = undefined;
      const store = home === undefined ? undefined : yield* this.#openStore(home, name);
      if (store !== undefined) yield* this.#take(store, home as ReplicaHome, undefined);
      this.#machines.unopened.delete(name);
      this.#waiting.delete(name);
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      if (this.#primary.rival(name) !== undefined) {
        // What is left of it in this role goes with the next start; nobody is to remove it as a replica, for
        // its disk files are the machine's.
        this.#waiting.delete(name);
        this.#machines.unopened.delete(name);
        this.#ports.observer.emit({ kind: "failure", machine: name, failure: error.failure });
        return;
      }
      this.#machines.unopened.set(name, error.failure);
      if (home === undefined && error.code === "not-found") this.#waiting.add(name);
      else this.#waiting.delete(name);
    }
  }

  /**
   * True for a machine that is not replicated to here any more: its record in the other role decides, or
   * only its disk files are left. What else is here is of a change of roles that a crash cut short.
   */
  *#isElsewhere({ folder }: ReplicaHome, name: string): Task<boolean> {
    if (this.#primary.rival(name) === undefined) return yield* holdsDisksOnly(folder);
    if (this.#primary.opened(name)) yield* strip(folder);
    return true;
  }

  /** A file system that is mounted after the start brings its machines back without a restart. */
  *#lookForLocations(): Task<void> {
    while (this.#waiting.size > 0) {
      yield* this.#ports.clock.sleep(LOOK_AGAIN);
      yield* this.#creating.during(this.#openWaiting());
    }
  }

  *#openWaiting(): Task<void> {
    for (const name of [...this.#waiting]) {
      if (this.#closed || !this.#waiting.has(name)) continue;
      yield* this.#machines.reserve(name, this.#openMachine(name));
    }
  }

  /**
   * A crash while a machine was being created leaves a folder that nobody was told of: no state at all,
   * or a state without a relationship and without a point. Everything else is kept, whatever is wrong.
   */
  *#openStore({ folder }: ReplicaHome, name: string): Task<ReplicaStore | undefined> {
    try {
      const store = yield* ReplicaStore.open(this.#ports, folder, this.#cache());
      const untold = store.extra === null && store.points.length === 0 && store.seed === undefined;
      if (!untold) return store;
      yield* store.close();
    } catch (error) {
      if (!isFailed(error, "not-found")) throw error;
      if (!(yield* isBlank(folder))) throw unreadable(name, error);
    }
    yield* this.#places.remove(name);
    return undefined;
  }

  /** What one machine's history may keep in memory. */
  #cache(): HistoryCache {
    return new HistoryCache(undefined, this.#settings.history);
  }

  *#take(
    store: ReplicaStore,
    home: ReplicaHome,
    fresh: ReplicaRecord | undefined,
  ): Task<ReplicaMachine> {
    const { folder } = home;
    const scope = new Scope(this.#ports.loop, `replica/${store.name}`);
    let entry: Entry;
    try {
      yield* refuseRebuiltFailover(store, folder);
      yield* settleFailover(store, folder);
      const machine = ReplicaMachine.start(this.#context, scope, store, fresh);
      machine.whenTaken = () => this.#bringUpTaken(machine);
      const failover = yield* Failover.resume(machine, folder);
      const tests = yield* TestFailovers.open(machine, folder);
      entry = { machine, home, scope, changing: new Mutex(), failover, tests };
    } catch (error) {
      yield* scope.cancel();
      yield* store.close();
      throw error;
    }
    const { machine } = entry;
    this.#machines.entries.set(machine.name, entry);
    scope.spawn("statistics", keepStatistics(this.#ports, folder, machine.monitoring));
    if (machine.record.failover?.completing === true) yield* this.#completeAgain(entry);
    else if (entry.failover !== undefined) this.#offer(entry.failover);
    for (const test of entry.tests.list) this.#offerTest(test);
    return machine;
  }

  /** Goes on with a complete that a crash cut short; what it fails with, the next call is told too. */
  *#completeAgain(entry: Entry): Task<void> {
    try {
      yield* this.#finishComplete(entry);
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      const { name } = entry.machine;
      this.#ports.observer.emit({ kind: "failure", machine: name, failure: error.failure });
    }
  }

  /**
   * Has `bringUp` do the planned failovers that primaries ask for, and those that were promised before this
   * server was started.
   */
  whenTaken(bringUp: (name: string) => Task<void>): void {
    this.#bringUp = bringUp;
    for (const { machine } of this.#machines.entries.values()) this.#bringUpTaken(machine);
  }

  #bringUpTaken({ name, record }: ReplicaMachine): void {
    if (record.planned?.taken !== true || this.#bringUp === undefined) return;
    this.#scope.spawn(`planned/${name}`, this.#bringUp(name));
  }

  #offer(failover: Failover): void {
    for (const disk of failover.disks) {
      this.#exports.offer(exportName(failover.machine.name, disk.index), disk);
    }
  }

  #offerTest({ name, disks }: TestFailover): void {
    for (const disk of disks) this.#exports.offer(exportName(name, disk.index), disk);
  }

  /** All test failovers here, with the machines that they test. */
  tests(): readonly { readonly of: string; readonly test: TestFailover }[] {
    return [...this.#machines.entries].flatMap(([of, { tests }]) =>
      tests.list.map((test) => ({ of, test }))
    );
  }

  /** The test of that name. */
  test(machine: string, name: string): TestFailover {
    return this.#machines.entry(machine).tests.named(name);
  }

  /** Makes a test failover and offers its disks; replication goes on beneath. */
  startTest(name: string, point: PointId | undefined, unverified = false): Task<TestFailover> {
    return this.#machines.alone(name, (entry) => this.#startTest(entry, point, unverified));
  }

  *#startTest(entry: Entry, point: PointId | undefined, unverified: boolean): Task<TestFailover> {
    const test = yield* entry.tests.create(point, unverified);
    this.#offerTest(test);
    return test;
  }

  /** Withdraws the disks of a test and removes all of it. */
  deleteTest(machine: string, name: string): Task<void> {
    return this.#machines.alone(machine, (entry) => this.#deleteTest(entry, name));
  }

  *#deleteTest({ tests }: Entry, name: string): Task<void> {
    const test = tests.named(name);
    for (const { index } of test.disks) yield* this.#exports.withdraw(exportName(name, index));
    yield* tests.delete(test);
  }

  /** Names of the machines that are replicated to here. */
  names(): readonly string[] {
    return this.#machines.names();
  }

  /** True when a machine of that name is replicated to here. */
  has(name: string): boolean {
    return this.#machines.has(name);
  }

  /** True when a machine of that name is replicated to here and open. */
  opened(name: string): boolean {
    return this.#machines.entries.has(name);
  }

  /** The machine here whose name is `name` but for case. */
  rival(name: string): string | undefined {
    return this.#machines.rival(name) ?? this.#copies.rival(name);
  }

  /** Names of the machines whose copies wait here for their primary. */
  awaited(): readonly string[] {
    return this.#copies.names();
  }

  /** True when a copy of the machine waits here for its primary. */
  awaits(name: string): boolean {
    return this.#copies.get(name) !== undefined;
  }

  /**
   * Takes files that are here as the copy of a machine that is to be replicated to this server (M26). They stay
   * where they are, and become the disks of its replica when its primary comes.
   */
  takeCopy(name: string, paths: readonly string[], from: string | undefined): Task<void> {
    return this.#creating.during(this.#takeCopy(name, paths, from));
  }

  *#takeCopy(name: string, paths: readonly string[], from: string | undefined): Task<void> {
    const rival = this.rival(name) ?? this.#primary.rival(name);
    if (rival !== undefined) {
      throw requestFailure(
        "exists",
        `A machine "${rival}" is at this server`,
        "Remove it here first, or choose another name",
      );
    }
    const { blockSize } = this.#settings.geometry;
    yield* this.#machines.reserve(name, this.#copies.take(name, blockSize, paths, from));
  }

  /** The machine; `no-such-machine` when there is none. */
  machine(name: string): ReplicaMachine {
    return this.#machines.entry(name).machine;
  }

  /** Serves a channel whose first message has arrived, until it ends. */
  *serve(channel: Channel): Task<void> {
    let machine: ReplicaMachine;
    let opening: MessageOf<"open-machine">;
    try {
      opening = yield* firstMessage(channel);
      const admission = this.#authorization.wouldAccept(channel.session.peer.name);
      if (!admission.ok) throw new Failed(admission.failure);
      machine = this.#machines.entries.get(opening.name)?.machine ??
        (yield* this.#creating.during(this.#findOrCreate(channel, opening)));
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      yield* refuse(channel, error);
      return;
    }
    yield* machine.serve(channel, opening, this.#admitTo(machine.name));
  }

  #admitTo(name: string): Admit {
    return (primary, record) => this.#authorization.wouldContinue(primary, name, record);
  }

  /**
   * Asks of every primary that is served whether it still may be, after the answer may have changed; ends
   * the channels of those that may not. Nothing of theirs is in flight when it returns.
   */
  *admitAgain(): Task<void> {
    const machines = [...this.#machines.entries.values()].map(({ machine }) => machine);
    if (machines.length === 0) return;
    yield* all("admit", machines.map((each) => each.admitAgain(this.#admitTo(each.name))));
  }

  /** The primary of a machine that is open and may still get something from it. */
  primaryOf(name: string): string | undefined {
    const machine = this.#machines.entries.get(name)?.machine;
    return machine?.takesData === true ? machine.record.primary : undefined;
  }

  /** Names of the machines that lie in `location`, those included that cannot be opened. */
  *inLocation(location: string): Task<readonly string[]> {
    const names: string[] = [];
    for (const name of this.#machines.names()) {
      const home = this.#machines.entries.get(name)?.home;
      const place = home === undefined ? yield* this.#places.locationOf(name) : home.location;
      if (place === location) names.push(name);
    }
    return names;
  }

  *#findOrCreate(
    channel: Channel,
    opening: MessageOf<"open-machine">,
  ): Task<ReplicaMachine> {
    if (!isName(opening.name) || !isGeometry(opening.blockSize, opening.blockSize)) {
      throw peerFailure("malformed", "The machine's name or block size cannot be");
    }
    const entry = this.#machines.entries.get(opening.name);
    if (entry !== undefined) return entry.machine;
    const failure = this.#machines.unopened.get(opening.name);
    if (failure !== undefined) throw peerFailure(failure.code, failure.message, failure.action);
    const rival = this.#machines.rival(opening.name) ?? opening.name;
    if (rival !== opening.name) throw sameButForCase(rival, opening.name);
    if (this.#primary.rival(opening.name) !== undefined) {
      return yield* this.#takeFromPrimary(opening, channel.session.peer.name);
    }
    if (
      this.#closed || this.#machines.reserved(opening.name) ||
      this.#machines.entries.size >= MACHINES_MAX
    ) {
      const what = this.#machines.entries.size >= MACHINES_MAX
        ? "holds all the machines it can"
        : "is busy";
      throw peerFailure("busy", `The replica server ${what}`, "Remove a machine there, or wait");
    }
    const { name } = opening;
    return yield* this.#machines.reserve(name, this.#create(opening, channel.session.peer.name));
  }

  /** The peer is the machine's new primary: ours becomes its replica, with the disks that are here (L6). */
  *#takeFromPrimary(opening: MessageOf<"open-machine">, peer: string): Task<ReplicaMachine> {
    const { name } = opening;
    const adopt = (demotion: Demotion) => this.#adopt(demotion, opening, peer);
    const undo = ({ store }: Adopted) => store.close();
    const demoted = this.#primary.demote(opening, peer, adopt, undo);
    // At no instant is the machine in neither role, where somebody could add another of its name.
    return yield* this.#machines.reserve(name, this.#takeDemoted(name, demoted));
  }

  *#takeDemoted(name: string, demoted: Task<Adopted>): Task<ReplicaMachine> {
    const { store, home } = yield* demoted;
    try {
      yield* setFormerAside(home.folder, store.sizes);
      return yield* this.#take(store, home, undefined);
    } catch (error) {
      // It is a replica's from here on, whatever is wrong with it; the next start tries again.
      if (isFailed(error)) this.#machines.unopened.set(name, error.failure);
      throw error;
    }
  }

  *#adopt(demotion: Demotion, opening: MessageOf<"open-machine">, peer: string): Task<Adopted> {
    const { id, name, paths, sizes, geometry, ancestry, tail } = demotion;
    const home = yield* this.#homeOf(name, peer);
    yield* strip(home.folder);
    const generation = (ancestry[0] as Ancestry[number]).generation;
    // Where both sides went on, the one that stays decides the history; what is here is not of it.
    const parted = relate(ancestry, opening.ancestry) === "split";
    const record: ReplicaRecord = {
      state: "FailbackInProgress",
      ancestry: parted ? opening.ancestry : ancestry,
      losing: parted ? ancestry : undefined,
      failover: undefined,
      dead: [],
      primary: peer,
      frequency: opening.frequency,
      writer: undefined,
      tail: tail.point,
    };
    const point = {
      id: tail.point,
      parent: undefined,
      generation,
      cutAt: tail.cutAt,
      kind: tail.kind,
      sizes,
      protectedAt: 0,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      digests: sizes.map(() => ""),
    };
    const store = yield* ReplicaStore.adopt(this.#ports, home.folder, {
      machine: id,
      name,
      geometry,
      generation: parted ? opening.generation : generation,
      retention: parseRetention(opening.retention),
      paths,
      point,
      hold: tail.losing ? TAIL_HOLD : undefined,
      extra: replicaToJson(record),
    }, this.#cache());
    yield* this.#places.told(name, home);
    return { store, home };
  }

  /** Where a machine of ours is put that becomes a replica: where its disks are if it was one before. */
  *#homeOf(name: string, peer: string): Task<ReplicaHome> {
    const there = (yield* this.#places.list()).includes(name)
      ? yield* this.#places.find(name)
      : undefined;
    if (there !== undefined) return there;
    const admission = this.#authorization.wouldAccept(peer);
    if (!admission.ok) throw new Failed(admission.failure);
    return yield* this.#places.make(name, admission.location);
  }

  *#create(opening: MessageOf<"open-machine">, primary: string): Task<ReplicaMachine> {
    const { blockSize } = opening;
    const standard = this.#settings.geometry;
    const regionSize = blockSize === standard.blockSize ? standard.regionSize : blockSize * 1024;
    const admission = this.#authorization.wouldAccept(primary);
    if (!admission.ok) throw new Failed(admission.failure);
    const { location, trustGroup } = admission;
    const copy = this.#copies.get(opening.name);
    if (copy !== undefined) refuseOtherCopy(copy, opening, primary);
    else if (opening.seeding === "existing-copy") throw noCopy(opening.name);
    const home = yield* this.#makeHome(opening.name, location);
    const spec = {
      machine: opening.machine,
      name: opening.name,
      sizes: opening.disks,
      geometry: { blockSize, regionSize },
      generation: opening.generation,
      retention: parseRetention(opening.retention),
      space: opening.space,
      ...(copy === undefined ? {} : { paths: filesByDisk(copy, opening.disks) }),
    };
    const store = yield* ReplicaStore.create(this.#ports, home.folder, spec, this.#cache());
    const record: ReplicaRecord = {
      state: "WaitingForInitialReplication",
      ancestry: opening.ancestry,
      failover: undefined,
      dead: [],
      primary,
      trustGroup,
      frequency: opening.frequency,
      writer: opening.writer[0],
      ...(copy === undefined ? {} : { copied: true }),
    };
    try {
      const machine = yield* this.#take(store, home, record);
      // Whoever removes the machine waits until nothing of this is being written.
      const { changing } = this.#machines.entry(opening.name);
      yield* changing.during(this.#tell(machine, record, home));
      if (copy !== undefined) yield* this.#copies.drop(opening.name);
      return machine;
    } catch (error) {
      yield* this.#unmake(opening.name);
      throw error;
    }
  }

  /** Between the two a crash takes a replica that lies elsewhere for one that nobody knows of, as before. */
  *#tell(machine: ReplicaMachine, record: ReplicaRecord, home: ReplicaHome): Task<void> {
    yield* machine.setRecord(record);
    yield* this.#places.told(machine.name, home);
  }

  /** What a primary is told of a location that is missing is not what the administrator here is told. */
  *#makeHome(name: string, location: string | undefined): Task<ReplicaHome> {
    try {
      return yield* this.#places.make(name, location);
    } catch (error) {
      if (!isFailed(error, "not-found")) throw error;
      const { code, message } = error.failure;
      throw peerFailure(code, message, "Ask the administrator of the replica server to mount it");
    }
  }

  /** A machine that was never told of goes; what is left of its folder is written over next time. */
  *#unmake(name: string): Task<void> {
    const entry = this.#machines.entries.get(name);
    this.#machines.entries.delete(name);
    if (entry !== undefined) {
      yield* entry.scope.cancel();
      yield* entry.machine.close();
    }
    try {
      yield* this.#places.remove(name);
    } catch (error) {
      if (!isFailed(error)) throw error;
    }
  }

  /** The points of one machine, oldest first. */
  points(name: string): readonly RecoveryPoint[] {
    return this.#machines.entry(name).machine.store.points;
  }

  /** Exports a point of a machine to a folder; runs beside everything else. */
  exportPoint(name: string, point: PointId, path: string): Task<ExportedPoint> {
    return this.#machines.entry(name).machine.exportPoint(point, path);
  }

  /**
   * Imports the package in the folder `path` as the first point of the machine that it names (M25); returns that
   * machine's name.
   */
  *importPackage(path: string): Task<string> {
    const reader = yield* PackageReader.open(this.#ports.codec, yield* this.#ports.openPlace(path));
    const { name } = reader.manifest;
    yield* this.#machines.alone(name, ({ machine }) => importPackage(machine, reader));
    return name;
  }

  /** Imports end at their next record, for the server stops. */
  stopImports(): void {
    for (const { machine } of this.#machines.entries.values()) machine.importStops = true;
  }

  /** Refuses what is sent from now on, durably; what is here is applied, and can be failed over to. */
  pause(name: string): Task<void> {
    return this.#machines.alone(name, ({ machine }) => this.#pause(machine));
  }

  *#pause(machine: ReplicaMachine): Task<void> {
    yield* machine.enter("pause");
    // Whoever is sending learns why at once.
    yield* machine.endChannel(machine.pausedHere());
  }

  /** Takes what is sent again; the primary finds that out within a cycle. */
  resume(name: string): Task<void> {
    return this.#machines.alone(name, ({ machine }) => machine.enter("resume"));
  }

  /** Counters by monitoring interval. */
  monitoring(name: string): Monitoring {
    return this.#machines.entry(name).machine.monitoring;
  }

  /** Ends the monitoring interval of a machine and begins another one; durable when it returns. */
  *resetStatistics(name: string): Task<void> {
    const { machine, home } = this.#machines.entry(name);
    machine.monitoring.reset(this.#ports.clock.wall());
    yield* saveStatistics(this.#ports, home.folder, machine.monitoring);
  }

  /** Starts a failover and offers its disks. */
  startFailover(name: string, point: PointId | undefined, unverified = false): Task<Failover> {
    return this.#machines.alone(
      name,
      (entry) => this.#startFailover(entry, point, { unverified, promised: false }),
    );
  }

  /** Starts the failover that the primary was promised, unless it has taken the machine back meanwhile. */
  startPromised(name: string, point: PointId | undefined): Task<Failover> {
    const how = { unverified: false, promised: true };
    return this.#machines.alone(name, (entry) => this.#startFailover(entry, point, how));
  }

  *#startFailover(
    entry: Entry,
    point: PointId | undefined,
    how: { readonly unverified: boolean; readonly promised: boolean },
  ): Task<Failover> {
    const { machine, home } = entry;
    const { unverified, promised } = how;
    const failover = yield* Failover.start(machine, home.folder, point, unverified, promised);
    entry.failover = failover;
    this.#offer(failover);
    return failover;
  }

  /** Cancels a failover: its disks are withdrawn and what was written to them is dropped. */
  cancelFailover(name: string): Task<void> {
    return this.#machines.alone(name, (entry) => this.#cancelFailover(entry));
  }

  *#cancelFailover(entry: Entry): Task<void> {
    const failover = this.#failedOver(entry);
    entry.machine.stateAfter("cancel-failover");
    yield* this.#withdraw(failover);
    yield* failover.cancel();
    entry.failover = undefined;
  }

  /** Completes a failover. Refused while a guest is attached: its machine must be off. */
  completeFailover(name: string): Task<void> {
    return this.#machines.alone(name, (entry) => this.#completeFailover(entry));
  }

  *#completeFailover(entry: Entry): Task<void> {
    const failover = this.#failedOver(entry);
    const { name } = entry.machine;
    entry.machine.stateAfter("complete-failover");
    entry.tests.refuseWhileThere("complete the failover of");
    for (const { index } of failover.disks) {
      if (this.#exports.clients(exportName(name, index)) === 0) continue;
      throw requestFailure(
        "busy",
        `A guest is attached to ${exportName(name, index)}`,
        "Shut the machine down first; the disk files are its disks afterwards",
      );
    }
    // Of a reversal that failed nothing is left to go on with: it is not what is asked for now.
    if (entry.machine.record.reverse !== undefined) {
      yield* entry.machine.setRecord({ ...entry.machine.record, reverse: undefined });
    }
    yield* this.#finishComplete(entry);
  }

  *#finishComplete(entry: Entry): Task<void> {
    const failover = this.#failedOver(entry);
    yield* this.#withdraw(failover);
    yield* failover.complete();
    entry.failover = undefined;
  }

  /**
   * Makes this server the machine's primary: completes its failover if that is still open, and hands it
   * to `promote`. Guests that are attached find their exports again under the same names. `settings` are
   * those of the replication from here on; left out, those of an attempt that was cut short.
   */
  reverse(
    name: string,
    settings: RelationshipSettings | undefined,
    promote: (promotion: Promotion) => Task<void>,
  ): Task<void> {
    return this.#machines.alone(
      name,
      (entry) => this.#machines.reserve(name, this.#reverse(entry, settings, promote)),
    );
  }

  *#reverse(
    entry: Entry,
    given: RelationshipSettings | undefined,
    promote: (promotion: Promotion) => Task<void>,
  ): Task<void> {
    const { machine } = entry;
    if (this.#closed) throw peerFailure("busy", "The server stops");
    machine.stateAfter("reverse");
    entry.tests.refuseWhileThere("reverse the replication of");
    const settings = given ?? machine.record.reverse;
    assert(settings !== undefined, "Who reverses says to where");
    // Durable first: a crash from the complete on is followed by the rest of it, for its guest waits.
    yield* machine.setRecord({ ...machine.record, reverse: settings });
    if (entry.failover !== undefined) yield* this.#finishComplete(entry);
    yield* this.#handOver(entry, settings, promote);
  }

  /** The machine leaves this role; if the other one cannot take it, it is here as before. */
  *#handOver(
    entry: Entry,
    settings: RelationshipSettings,
    promote: (promotion: Promotion) => Task<void>,
  ): Task<void> {
    const { machine, home, scope } = entry;
    const { name, store, record } = machine;
    const { ancestry, branch } = record;
    const promotion = {
      id: store.machine,
      name,
      paths: store.diskPaths,
      settings,
      ancestry,
      branch,
    };
    this.#machines.entries.delete(name);
    yield* scope.cancel();
    yield* machine.close();
    try {
      yield* promote(promotion);
    } catch (error) {
      if (!this.#primary.opened(name) && this.#primary.rival(name) === undefined) {
        yield* this.#openMachine(name);
      }
      throw error;
    }
    yield* strip(home.folder);
  }

  /**
   * Lets go what a demoted primary alone had and was kept for the administrator, once `digits` name the
   * generation that is in force: from then on retention decides about it (L6).
   */
  resolve(name: string, digits: string): Task<void> {
    return this.#machines.alone(name, ({ machine }) => this.#resolve(machine, digits));
  }

  *#resolve(machine: ReplicaMachine, digits: string): Task<void> {
    const { name, store, record } = machine;
    const inForce = record.ancestry[0]?.generation;
    if (store.holds.has(TAIL_HOLD) && inForce?.startsWith(digits) === true) {
      yield* store.unhold(TAIL_HOLD);
      return yield* machine.forgetLosing();
    }
    throw requestFailure(
      "wrong-state",
      store.holds.has(TAIL_HOLD)
        ? `"${name}" goes on in generation ${inForce}, and in no other one`
        : `Nothing of "${name}" is to be decided here`,
      record.state === "FailedOver"
        ? `Make this side the primary first: "warmsite failover reverse ${name}"`
        : 'Look at "warmsite replication status"',
    );
  }

  /** Machines whose reversal a crash cut short: they are to be reversed again. */
  reversing(): readonly string[] {
    return [...this.#machines.entries.values()].flatMap(({ machine }) =>
      machine.record.reverse !== undefined && machine.state === "FailedOver" ? [machine.name] : []
    );
  }

  #failedOver(entry: Entry): Failover {
    if (entry.failover !== undefined) return entry.failover;
    throw requestFailure(
      "wrong-state",
      `"${entry.machine.name}" is not failed over: it is in state ${entry.machine.state}`,
      'Start a failover first: "warmsite failover start"',
    );
  }

  *#withdraw(failover: Failover): Task<void> {
    for (const { index } of failover.disks) {
      yield* this.#exports.withdraw(exportName(failover.machine.name, index));
    }
  }

  /**
   * Removes a replica with all its points. Refused while it is failed over, and while its disk files are
   * the machine's only ones. One that cannot be opened goes as it is; the path of what is left of one whose
   * location is missing is returned.
   */
  *remove(name: string): Task<string | undefined> {
    if (this.awaits(name)) return yield* this.#creating.during(this.#dropCopy(name));
    if (this.#machines.unopened.has(name)) {
      return yield* this.#creating.during(this.#removeUnopened(name));
    }
    yield* this.#machines.alone(name, (entry) => this.#machines.reserve(name, this.#remove(entry)));
    return undefined;
  }

  *#dropCopy(name: string): Task<undefined> {
    // Its primary may have come meanwhile.
    if (this.awaits(name)) yield* this.#copies.drop(name);
    return undefined;
  }

  *#removeUnopened(name: string): Task<string | undefined> {
    // Its location may have come back, and the machine with it.
    if (!this.#machines.unopened.delete(name)) return yield* this.remove(name);
    this.#waiting.delete(name);
    return yield* this.#machines.reserve(name, this.#places.remove(name));
  }

  *#remove({ machine, scope, home, tests }: Entry): Task<void> {
    refuseWhileFailedOver(machine);
    machine.stateAfter("disable");
    tests.refuseWhileThere("remove the replica of");
    yield* refuseFormerDisks(machine.name, home.folder);
    if (machine.state === "FailedOver") yield* refuseLastCopy(machine, home.folder);
    this.#machines.entries.delete(machine.name);
    yield* scope.cancel();
    yield* machine.close();
    yield* this.#places.remove(machine.name);
  }

  /** Status of one machine. */
  status(name: string): JsonObject {
    const failure = this.#machines.unopened.get(name);
    if (failure !== undefined) return unopenedStatus(name, "replica", failure);
    const copy = this.#copies.get(name);
    if (copy !== undefined) return copyStatus(name, copy);
    const { machine, failover, home } = this.#machines.entry(name);
    return {
      ...replicaStatus(machine, failover, this.#ports.clock.wall()),
      trustGroup: this.#authorization.trustGroupOf(machine.record) ?? null,
      folder: home.folder.path,
    };
  }

  /** Ends every channel and closes every store in order. */
  *close(): Task<void> {
    this.#closed = true;
    yield* this.#scope.cancel();
    // A machine in the making is written by the task that makes it: it is whole, or gone, before it is
    // closed, and none is begun any more.
    yield* this.#creating.during(done(undefined));
    const entries = [...this.#machines.entries.values()];
    yield* all("close", entries.map((entry) => this.#close(entry)));
    this.#machines.entries.clear();
  }

  *#close(entry: Entry): Task<void> {
    if (entry.failover !== undefined) {
      yield* this.#withdraw(entry.failover);
      yield* entry.failover.close();
    }
    for (const { name, disks } of entry.tests.list) {
      for (const index of disks.keys()) yield* this.#exports.withdraw(exportName(name, index));
    }
    yield* entry.tests.close();
    yield* entry.machine.endChannel("The server stops");
    yield* entry.scope.cancel();
    yield* entry.machine.close();
  }
}

/** There are contents, so this is no replica that a crash cut short in the making (R11). */
function unreadable(name: string, { failure }: Failed): Failed {
  return localFailure(
    "damaged",
    `Cannot open the replica of "${name}": ${failure.message}`,
    "Put back what is missing, state.0 or a disk, from a backup; or remove it and seed it again",
  );
}

function noSuchMachine(name: string): Failed {
  return requestFailure(
    "no-such-machine",
    `No machine "${name}" is replicated to this server`,
    'Look at "warmsite replication status", or ask the other server',
  );
}
