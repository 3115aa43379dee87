/**
 * The machines that are replicated to this server: what is open of each, and which of its disks guests are offered
 * when it is failed over or tested.
 *
 * Rule: a machine is listed from the instant on at which it and its failovers are whole. It does not know how a
 * machine comes here or goes; that stands in the files beside it.
 *
 * @module
 */

import { type Failed, isFailed, requestFailure } from "../../base/failure.ts";
import { Failover } from "../../failover/failover.ts";
import { settleFailover } from "../../failover/in_force.ts";
import { type TestFailover, TestFailovers } from "../../failover/test_failover.ts";
import { HistoryCache } from "../../history/history_cache.ts";
import type { ReplicaStore } from "../../history/replica_store.ts";
import type { Ports } from "../../ports/ports.ts";
import { type ReplicaContext, ReplicaMachine } from "../../replica/replica_machine.ts";
import type { ReplicaRecord } from "../../replica/replica_record.ts";
import { keepStatistics } from "../../relationship/statistics_record.ts";
import { Mutex } from "../../runtime/lock.ts";
import { Scope } from "../../runtime/scope.ts";
import { Signal } from "../../runtime/signal.ts";
import type { Task } from "../../runtime/task.ts";
import type { Authorization } from "../authorization.ts";
import { exportName, type Exports } from "../exports.ts";
import { Registry } from "../registry.ts";
import { ReplicaCopies } from "../replica_copies.ts";
import type { ReplicaHome, ReplicaPlaces } from "../replica_places.ts";
import { refuseRebuiltFailover } from "../replica_refusals.ts";
import type { PrimarySide } from "../role_change.ts";
import type { ServerSettings } from "../settings.ts";

/** A machine that is replicated to here, and its failovers. */
export interface Entry {
  readonly machine: ReplicaMachine;
  readonly home: ReplicaHome;
  readonly scope: Scope;
  /** Its failover changes, and it is removed, one at a time. */
  readonly changing: Mutex;
  failover: Failover | undefined;
  readonly tests: TestFailovers;
}

/** What machines here are made of, and who may make them. */
export interface ReplicaParts {
  readonly context: ReplicaContext;
  readonly settings: ServerSettings;
  readonly places: ReplicaPlaces;
  readonly authorization: Authorization;
  readonly exports: Exports;
  /** What the primary's role has of the same names. */
  readonly primary: PrimarySide;
}

/** Machines by name, with what they share. */
export class ReplicaMachines extends Registry<Entry> {
  readonly ports: Ports;
  readonly settings: ServerSettings;
  readonly places: ReplicaPlaces;
  readonly authorization: Authorization;
  readonly exports: Exports;
  /** What the primary's role has of the same names. */
  readonly primary: PrimarySide;
  readonly scope: Scope;
  /** Those of the unopened whose location or disk was missing. */
  readonly waiting = new Set<string>();
  /** Told when one was added. */
  readonly whenWaiting = new Signal();
  /** Copies that wait for their primary. */
  readonly copies: ReplicaCopies;
  /** Machines are created one at a time; those that are there never wait for that. */
  readonly creating = new Mutex();
  /** The server stops: nothing is made any more. */
  closed = false;
  readonly #context: ReplicaContext;
  #bringUp: ((name: string) => Task<void>) | undefined;
  /** Those of which a planned failover is being done. */
  readonly #bringing = new Set<ReplicaMachine>();

  constructor(parts: ReplicaParts) {
    super(noSuchMachine);
    const { ports } = parts.context;
    this.#context = parts.context;
    this.ports = ports;
    this.settings = parts.settings;
    this.places = parts.places;
    this.authorization = parts.authorization;
    this.exports = parts.exports;
    this.primary = parts.primary;
    this.copies = new ReplicaCopies(ports);
    this.scope = new Scope(ports.loop, "replicas");
  }

  /** What one machine's history may keep in memory. */
  cache(): HistoryCache {
    return new HistoryCache(undefined, this.settings.history);
  }

  /**
   * Starts the machine of a store and lists it. `fresh`: the record of one that has none yet. `cancels`: its failover
   * is cancelled, whose disks are not opened. The store is closed if that fails.
   */
  *take(
    store: ReplicaStore,
    home: ReplicaHome,
    fresh: ReplicaRecord | undefined,
    cancels = false,
  ): Task<ReplicaMachine> {
    const { folder } = home;
    const scope = new Scope(this.ports.loop, `replica/${store.name}`);
    let entry: Entry;
    try {
      yield* refuseRebuiltFailover(store, folder);
      yield* settleFailover(store, folder);
      const machine = ReplicaMachine.start(this.#context, scope, store, fresh);
      machine.whenTaken = () => this.#bringUpTaken(machine);
      if (cancels) yield* Failover.abandon(machine, folder);
      const failover = yield* Failover.resume(machine, folder);
      const tests = yield* TestFailovers.open(machine, folder);
      entry = { machine, home, scope, changing: new Mutex(), failover, tests };
    } catch (error) {
      yield* scope.cancel();
      yield* store.close();
      throw error;
    }
    const { machine } = entry;
    this.entries.set(machine.name, entry);
    scope.spawn("statistics", keepStatistics(this.ports, folder, machine.monitoring));
    if (machine.record.failover?.completing === true) yield* this.#completeAgain(entry);
    else if (entry.failover !== undefined) this.offer(entry.failover);
    for (const test of entry.tests.list) this.offerTest(test);
    return machine;
  }

  /** Goes on with a complete that a crash cut short; what it fails with, the next call is told too. */
  *#completeAgain(entry: Entry): Task<void> {
    try {
      yield* this.finishComplete(entry);
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      const { name } = entry.machine;
      this.ports.observer.emit({ kind: "failure", machine: name, failure: error.failure });
    }
  }

  /**
   * Has `bringUp` do the planned failovers that primaries ask for, and those that were promised before this
   * server was started.
   */
  whenTaken(bringUp: (name: string) => Task<void>): void {
    this.#bringUp = bringUp;
    for (const { machine } of this.entries.values()) this.#bringUpTaken(machine);
  }

  /** One that is being brought up already is tried until it is: whoever asks again is served by that. */
  #bringUpTaken(machine: ReplicaMachine): void {
    const { name, record } = machine;
    const bringUp = this.#bringUp;
    const underway = this.#bringing;
    if (record.planned?.taken !== true || bringUp === undefined || underway.has(machine)) return;
    underway.add(machine);
    const bringing = function* (): Task<void> {
      try {
        yield* bringUp(name);
      } finally {
        underway.delete(machine);
      }
    };
    this.scope.spawn(`planned/${name}`, bringing());
  }

  /** Offers the disks of a failover to guests. */
  offer(failover: Failover): void {
    for (const disk of failover.disks) {
      this.exports.offer(exportName(failover.machine.name, disk.index), disk);
    }
  }

  /** Offers the disks of a test to guests. */
  offerTest({ name, disks }: TestFailover): void {
    for (const disk of disks) this.exports.offer(exportName(name, disk.index), disk);
  }

  /** Takes the disks of a failover from guests, who are cut off. */
  *withdraw(failover: Failover): Task<void> {
    for (const { index } of failover.disks) {
      yield* this.exports.withdraw(exportName(failover.machine.name, index));
    }
  }

  /** The machine's failover; refused where there is none. */
  failedOver(entry: Entry): Failover {
    if (entry.failover !== undefined) return entry.failover;
    throw requestFailure(
      "wrong-state",
      `"${entry.machine.name}" is not failed over: it is in state ${entry.machine.state}`,
      'Start a failover first: "warmsite failover start"',
    );
  }

  /** Completes a failover whatever is attached; what may speak against it was asked before. */
  *finishComplete(entry: Entry): Task<void> {
    const failover = this.failedOver(entry);
    yield* this.withdraw(failover);
    yield* failover.complete();
    entry.failover = undefined;
  }

  /** Ends the channel of one machine, drops its guests and closes its store in order. */
  *closeOne(entry: Entry): Task<void> {
    if (entry.failover !== undefined) {
      yield* this.withdraw(entry.failover);
      yield* entry.failover.close();
    }
    for (const { name, disks } of entry.tests.list) {
      for (const index of disks.keys()) yield* this.exports.withdraw(exportName(name, index));
    }
    yield* entry.tests.close();
    yield* entry.machine.endChannel("The server stops");
    yield* entry.scope.cancel();
    yield* entry.machine.close();
  }
}

function noSuchMachine(name: string): Failed {
  return requestFailure(
    "no-such-machine",
    `No machine "${name}" is replicated to this server`,
    'Look at "warmsite replication status", or ask the other server',
  );
}
