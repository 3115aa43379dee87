/**
 * The machines that other servers replicate to this one.
 *
 * @module
 */
// Long because: which machines there are, and who may change one when, is one set of rules.

import {
  type Failed,
  isFailed,
  localFailure,
  peerFailure,
  requestFailure,
} from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import { isName } from "../base/name.ts";
import { isGeometry } from "../block/geometry.ts";
import type { PointId } from "../base/units.ts";
import { Failover } from "../failover/failover.ts";
import { settleFailover } from "../failover/in_force.ts";
import type { RecoveryPoint } from "../history/recovery_point.ts";
import { isBlank } from "../history/blank.ts";
import { HistoryCache } from "../history/history_cache.ts";
import { ReplicaStore } from "../history/replica_store.ts";
import type { Folder } from "../ports/folder.ts";
import type { Ports } from "../ports/ports.ts";
import { ReplicaMachine } from "../replica/replica_machine.ts";
import type { ReplicaRecord } from "../replica/replica_record.ts";
import { Mutex } from "../runtime/lock.ts";
import { Scope } from "../runtime/scope.ts";
import { done, type Task } from "../runtime/task.ts";
import { all } from "../runtime/together.ts";
import type { Channel } from "../wire/channel.ts";
import type { MessageOf } from "../wire/message.ts";
import { exportName, type Exports } from "./exports.ts";
import {
  firstMessage,
  refuse,
  refuseLastCopy,
  refuseRebuiltFailover,
  refuseWhileFailedOver,
  sameButForCase,
} from "./replica_refusals.ts";
import { Registry } from "./registry.ts";
import type { ServerSettings } from "./settings.ts";
import { replicaStatus, unopenedStatus } from "./status.ts";

/** Machines on one replica server: each holds files open and space taken (E6). */
const MACHINES_MAX = 1024;

interface Entry {
  readonly machine: ReplicaMachine;
  readonly folder: Folder;
  readonly scope: Scope;
  /** Its failover changes, and it is removed, one at a time. */
  readonly changing: Mutex;
  failover: Failover | undefined;
}

/** This server as a replica. */
export class ReplicaRole {
  readonly #ports: Ports;
  readonly #settings: ServerSettings;
  readonly #folder: Folder;
  readonly #exports: Exports;
  readonly #machines = new Registry<Entry>(noSuchMachine);
  /** Machines are created one at a time; those that are there never wait for that. */
  readonly #creating = new Mutex();
  #closed = false;
  /** True when the primary's role has a machine of that name, whatever its case. */
  readonly #taken: (name: string) => boolean;

  constructor(
    ports: Ports,
    settings: ServerSettings,
    folder: Folder,
    exports: Exports,
    taken: (name: string) => boolean,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#folder = folder;
    this.#exports = exports;
    this.#taken = taken;
  }

  /**
   * Opens every machine that is here and finishes what a crash interrupted. One that cannot be opened
   * stands in the status with its reason and keeps no other from its work.
   */
  *open(): Task<void> {
    for (const name of yield* this.#folder.list()) {
      try {
        const folder = yield* this.#folder.folder(name);
        const store = yield* this.#openStore(folder, name);
        if (store !== undefined) yield* this.#take(store, folder, undefined);
      } catch (error) {
        if (!isFailed(error) || error.code === "cancelled") throw error;
        this.#machines.unopened.set(name, error.failure);
      }
    }
  }

  /**
   * A crash while a machine was being created leaves a folder that nobody was told of: no state at all,
   * or a state without a relationship and without a point. Everything else is kept, whatever is wrong.
   */
  *#openStore(folder: Folder, name: string): Task<ReplicaStore | undefined> {
    try {
      const store = yield* ReplicaStore.open(this.#ports, folder, this.#cache());
      const untold = store.extra === null && store.points.length === 0 && store.seed === undefined;
      if (!untold) return store;
      yield* store.close();
    } catch (error) {
      if (!isFailed(error, "not-found")) throw error;
      if (!(yield* isBlank(folder))) throw unreadable(name, error);
    }
    yield* this.#folder.remove(name);
    yield* this.#folder.flush();
    return undefined;
  }

  /** What one machine's history may keep in memory. */
  #cache(): HistoryCache {
    return new HistoryCache(undefined, this.#settings.history);
  }

  *#take(
    store: ReplicaStore,
    folder: Folder,
    fresh: ReplicaRecord | undefined,
  ): Task<ReplicaMachine> {
    const scope = new Scope(this.#ports.loop, `replica/${store.name}`);
    const server = this.#settings.name;
    let entry: Entry;
    try {
      yield* refuseRebuiltFailover(store, folder);
      yield* settleFailover(store, folder);
      const machine = ReplicaMachine.start(this.#ports, server, scope, store, fresh);
      entry = { machine, folder, scope, changing: new Mutex(), failover: undefined };
      entry.failover = yield* Failover.resume(machine, folder);
    } catch (error) {
      yield* scope.cancel();
      yield* store.close();
      throw error;
    }
    const { machine } = entry;
    this.#machines.entries.set(machine.name, entry);
    if (machine.record.failover?.completing === true) yield* this.#completeAgain(entry);
    else if (entry.failover !== undefined) this.#offer(entry.failover);
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

  #offer(failover: Failover): void {
    for (const [index, disk] of failover.disks.entries()) {
      this.#exports.offer(exportName(failover.machine.name, index), disk);
    }
  }

  /** Names of the machines that are replicated to here. */
  names(): readonly string[] {
    return this.#machines.names();
  }

  /** True when a machine of that name is replicated to here. */
  has(name: string): boolean {
    return this.#machines.has(name);
  }

  /** The machine here whose name is `name` but for case. */
  rival(name: string): string | undefined {
    return this.#machines.rival(name);
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
      machine = this.#machines.entries.get(opening.name)?.machine ??
        (yield* this.#creating.during(this.#findOrCreate(channel, opening)));
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      yield* refuse(channel, error);
      return;
    }
    yield* machine.serve(channel, opening);
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
    if (this.#taken(opening.name)) {
      throw peerFailure(
        "exists",
        `A machine "${opening.name}" runs on the replica server itself`,
        "Choose another name for one of the two",
      );
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

  *#create(opening: MessageOf<"open-machine">, primary: string): Task<ReplicaMachine> {
    const { blockSize } = opening;
    const standard = this.#settings.geometry;
    const regionSize = blockSize === standard.blockSize ? standard.regionSize : blockSize * 1024;
    const folder = yield* this.#folder.folder(opening.name, { create: true });
    yield* this.#folder.flush();
    const spec = {
      machine: opening.machine,
      name: opening.name,
      sizes: opening.disks,
      geometry: { blockSize, regionSize },
      generation: opening.generation,
      keep: Math.max(1, opening.keep),
      space: opening.space,
    };
    const store = yield* ReplicaStore.create(this.#ports, folder, spec, this.#cache());
    const record: ReplicaRecord = {
      state: "WaitingForInitialReplication",
      ancestry: opening.ancestry,
      failover: undefined,
      dead: [],
      primary,
      frequency: opening.frequency,
      writer: opening.writer[0],
    };
    try {
      const machine = yield* this.#take(store, folder, record);
      // Whoever removes the machine waits until nothing of this is being written.
      const { changing } = this.#machines.entry(opening.name);
      yield* changing.during(machine.setRecord(record));
      return machine;
    } catch (error) {
      yield* this.#unmake(opening.name);
      throw error;
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
      yield* this.#folder.remove(name);
      yield* this.#folder.flush();
    } catch (error) {
      if (!isFailed(error)) throw error;
    }
  }

  /** The points of one machine, oldest first. */
  points(name: string): readonly RecoveryPoint[] {
    return this.#machines.entry(name).machine.store.points;
  }

  /** Starts a failover and offers its disks. */
  startFailover(name: string, point: PointId | undefined, unverified = false): Task<Failover> {
    return this.#machines.alone(name, (entry) => this.#startFailover(entry, point, unverified));
  }

  *#startFailover(
    entry: Entry,
    point: PointId | undefined,
    unverified: boolean,
  ): Task<Failover> {
    const failover = yield* Failover.start(entry.machine, entry.folder, point, unverified);
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
    for (const index of failover.disks.keys()) {
      if (this.#exports.clients(exportName(name, index)) === 0) continue;
      throw requestFailure(
        "busy",
        `A guest is attached to ${exportName(name, index)}`,
        "Shut the machine down first; the disk files are its disks afterwards",
      );
    }
    yield* this.#finishComplete(entry);
  }

  *#finishComplete(entry: Entry): Task<void> {
    const failover = this.#failedOver(entry);
    yield* this.#withdraw(failover);
    yield* failover.complete();
    entry.failover = undefined;
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
    for (const index of failover.disks.keys()) {
      yield* this.#exports.withdraw(exportName(failover.machine.name, index));
    }
  }

  /**
   * Removes a replica with all its points. Refused while it is failed over, and while its disk files are
   * the machine's only ones. One that cannot be opened goes as it is.
   */
  *remove(name: string): Task<void> {
    if (this.#machines.unopened.delete(name)) {
      return yield* this.#machines.reserve(name, this.#forget(name));
    }
    yield* this.#machines.alone(name, (entry) => this.#machines.reserve(name, this.#remove(entry)));
  }

  *#remove({ machine, scope, folder }: Entry): Task<void> {
    refuseWhileFailedOver(machine);
    machine.stateAfter("disable");
    if (machine.state === "FailedOver") yield* refuseLastCopy(machine, folder);
    this.#machines.entries.delete(machine.name);
    yield* scope.cancel();
    yield* machine.close();
    yield* this.#forget(machine.name);
  }

  *#forget(name: string): Task<void> {
    yield* this.#folder.remove(name);
    yield* this.#folder.flush();
  }

  /** Status of one machine. */
  status(name: string): JsonObject {
    const failure = this.#machines.unopened.get(name);
    if (failure !== undefined) return unopenedStatus(name, "replica", failure);
    const { machine, failover } = this.#machines.entry(name);
    return replicaStatus(machine, failover, this.#ports.clock.wall());
  }

  /** Ends every channel and closes every store in order. */
  *close(): Task<void> {
    this.#closed = true;
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
