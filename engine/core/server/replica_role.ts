/**
 * The machines that other servers replicate to this one.
 *
 * Rule: whatever changes a machine is done by whoever alone changes it; this is where that begins. What is done is
 * in the folder beside this file.
 *
 * @module
 */
// Long because: it is everything that the rest of the server asks of its replica's role, a line or two each.

import { Failed, isFailed, requestFailure } from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import type { PointId } from "../base/units.ts";
import type { Failover } from "../failover/failover.ts";
import type { TestFailover } from "../failover/test_failover.ts";
import { PackageReader } from "../history/package_reader.ts";
import type { RecoveryPoint } from "../history/recovery_point.ts";
import type { ExportedPoint } from "../replica/export_point.ts";
import { importPackage } from "../replica/importing.ts";
import type { Admit, ReplicaMachine } from "../replica/replica_machine.ts";
import type { Monitoring } from "../relationship/monitoring.ts";
import type { RelationshipSettings } from "../relationship/settings.ts";
import { saveStatistics } from "../relationship/statistics_record.ts";
import { done, type Task } from "../runtime/task.ts";
import { all } from "../runtime/together.ts";
import type { Channel } from "../wire/channel.ts";
import type { MessageOf } from "../wire/message.ts";
import { firstMessage, refuse } from "./replica_refusals.ts";
import { findOrCreate } from "./replica_role/create.ts";
import {
  cancelFailover,
  cancelUnopened,
  completable,
  completeFailover,
  deleteTest,
  startFailover,
  startTest,
} from "./replica_role/failovers.ts";
import { resolve } from "./replica_role/losing_tail.ts";
import { ReplicaMachines, type ReplicaParts } from "./replica_role/machines.ts";
import { openMachines } from "./replica_role/opening.ts";
import { remove } from "./replica_role/remove.ts";
import { reverse } from "./replica_role/reverse.ts";
import type { Promotion } from "./role_change.ts";
import { copyStatus, replicaStatus, unopenedStatus } from "./status.ts";

/** This server as a replica. */
export class ReplicaRole {
  readonly #machines: ReplicaMachines;

  constructor(parts: ReplicaParts) {
    this.#machines = new ReplicaMachines(parts);
  }

  /**
   * Opens every machine that is here and finishes what a crash interrupted. One that cannot be opened
   * stands in the status with its reason and keeps no other from its work.
   */
  open(): Task<void> {
    return openMachines(this.#machines);
  }

  /**
   * Has `bringUp` do the planned failovers that primaries ask for, and those that were promised before this
   * server was started.
   */
  whenTaken(bringUp: (name: string) => Task<void>): void {
    this.#machines.whenTaken(bringUp);
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
    return this.#machines.alone(
      name,
      (entry) => startTest(this.#machines, entry, point, unverified),
    );
  }

  /** Withdraws the disks of a test and removes all of it. */
  deleteTest(machine: string, name: string): Task<void> {
    return this.#machines.alone(machine, (entry) => deleteTest(this.#machines, entry, name));
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
    return this.#machines.rival(name) ?? this.#machines.copies.rival(name);
  }

  /** Names of the machines whose copies wait here for their primary. */
  awaited(): readonly string[] {
    return this.#machines.copies.names();
  }

  /** True when a copy of the machine waits here for its primary. */
  awaits(name: string): boolean {
    return this.#machines.copies.get(name) !== undefined;
  }

  /**
   * Takes files that are here as the copy of a machine that is to be replicated to this server (M26). They stay
   * where they are, and become the disks of its replica when its primary comes.
   */
  takeCopy(name: string, paths: readonly string[], from: string | undefined): Task<void> {
    return this.#machines.creating.during(this.#takeCopy(name, paths, from));
  }

  *#takeCopy(name: string, paths: readonly string[], from: string | undefined): Task<void> {
    const rival = this.rival(name) ?? this.#machines.primary.rival(name);
    if (rival !== undefined) {
      throw requestFailure(
        "exists",
        `A machine "${rival}" is at this server`,
        "Remove it here first, or choose another name",
      );
    }
    const { blockSize } = this.#machines.settings.geometry;
    yield* this.#machines.reserve(name, this.#machines.copies.take(name, blockSize, paths, from));
  }

  /** The machine; `no-such-machine` when there is none. */
  machine(name: string): ReplicaMachine {
    return this.#machines.entry(name).machine;
  }

  /** Serves a channel whose first message has arrived, until it ends. */
  *serve(channel: Channel): Task<void> {
    let machine: ReplicaMachine;
    let opening: MessageOf<"open-machine"> | undefined;
    try {
      opening = yield* firstMessage(channel);
      const admission = this.#machines.authorization.wouldAccept(channel.session.peer.name);
      if (!admission.ok) throw new Failed(admission.failure);
      machine = this.#machines.entries.get(opening.name)?.machine ??
        (yield* this.#machines.creating.during(findOrCreate(this.#machines, channel, opening)));
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      const parted = error.code === "split-brain" ? opening?.name : undefined;
      const ours = parted === undefined ? undefined : this.#machines.primary.ancestryOf(parted);
      yield* refuse(channel, error, ours);
      return;
    }
    yield* machine.serve(channel, opening, this.#admitTo(machine.name));
  }

  #admitTo(name: string): Admit {
    return (primary, record) => this.#machines.authorization.wouldContinue(primary, name, record);
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
      const place = home === undefined
        ? yield* this.#machines.places.locationOf(name)
        : home.location;
      if (place === location) names.push(name);
    }
    return names;
  }

  /** The points of one machine, oldest first. */
  points(name: string): readonly RecoveryPoint[] {
    return this.#machines.entry(name).machine.store.points;
  }

  /** Exports a point of a machine to a folder; runs beside everything else. */
  exportPoint(name: string, point: PointId, path: string): Task<ExportedPoint> {
    return this.#machines.entry(name).machine.exportPoint(point, path);
  }

  /** The package in the folder `path`: only its manifest was read, and says of which machine it is. */
  *openPackage(path: string): Task<PackageReader> {
    const { ports } = this.#machines;
    return yield* PackageReader.open(ports.codec, yield* ports.openPlace(path));
  }

  /** Imports a package as the first point of the machine that it names (M25); returns that machine's name. */
  *importPackage(reader: PackageReader): Task<string> {
    const { name } = reader.manifest;
    if (!this.has(name)) throw notHeardOf(name);
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
    machine.monitoring.reset(this.#machines.ports.clock.wall());
    yield* saveStatistics(this.#machines.ports, home.folder, machine.monitoring);
  }

  /** Starts a failover and offers its disks. */
  startFailover(name: string, point: PointId | undefined, unverified = false): Task<Failover> {
    return this.#machines.alone(
      name,
      (entry) => startFailover(this.#machines, entry, point, { unverified, promised: false }),
    );
  }

  /** Starts the failover that the primary was promised, unless it has taken the machine back meanwhile. */
  startPromised(name: string, point: PointId | undefined): Task<Failover> {
    const how = { unverified: false, promised: true };
    return this.#machines.alone(name, (entry) => startFailover(this.#machines, entry, point, how));
  }

  /** Refuses where no failover is to be cancelled. Of one that cannot be opened nobody knows before it is tried. */
  checkCancel(name: string): void {
    if (!this.#machines.unopened.has(name)) this.machine(name).stateAfter("cancel-failover");
  }

  /** Cancels a failover: its disks are withdrawn and what was written to them is dropped. */
  cancelFailover(name: string): Task<void> {
    if (this.#machines.unopened.has(name)) return cancelUnopened(this.#machines, name);
    return this.#machines.alone(name, (entry) => cancelFailover(this.#machines, entry));
  }

  /** The point of the failover that is to be completed; refuses where none is. */
  checkComplete(name: string): PointId {
    return completable(this.#machines, this.#machines.entry(name)).point;
  }

  /** Completes a failover. Refused while a guest is attached: its machine must be off. */
  completeFailover(name: string): Task<void> {
    return this.#machines.alone(name, (entry) => completeFailover(this.#machines, entry));
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
      (entry) => this.#machines.reserve(name, reverse(this.#machines, entry, settings, promote)),
    );
  }

  /**
   * Lets go what a demoted primary alone had and was kept for the administrator, once `digits` name the
   * generation that is in force: from then on retention decides about it (L6).
   */
  resolve(name: string, digits: string): Task<void> {
    return this.#machines.alone(name, ({ machine }) => resolve(machine, digits));
  }

  /**
   * Machines whose reversal a crash cut short, whether their failover was complete by then or not: they are to be
   * reversed again. One that failed for another reason is tried again by the same.
   */
  reversing(): readonly string[] {
    return [...this.#machines.entries.values()].flatMap(({ machine: { name, state, record } }) => {
      const failedOver = state === "FailedOver" || record.failover !== undefined;
      return record.reverse !== undefined && failedOver ? [name] : [];
    });
  }

  /**
   * Removes a replica with all its points. Refused while it is failed over, and while its disk files are
   * the machine's only ones; also, unless `force`, while a planned failover to it is prepared. One that cannot
   * be opened goes as it is; the path of what is left of one whose location is missing is returned.
   */
  remove(name: string, force = false): Task<string | undefined> {
    return remove(this.#machines, name, force);
  }

  /** Status of one machine. */
  status(name: string): JsonObject {
    const failure = this.#machines.unopened.get(name);
    if (failure !== undefined) return unopenedStatus(name, "replica", failure);
    const copy = this.#machines.copies.get(name);
    if (copy !== undefined) return copyStatus(name, copy);
    const { machine, failover, home } = this.#machines.entry(name);
    return {
      ...replicaStatus(machine, failover, this.#machines.ports.clock.wall()),
      trustGroup: this.#machines.authorization.trustGroupOf(machine.record) ?? null,
      folder: home.folder.path,
    };
  }

  /** Ends every channel and closes every store in order. */
  *close(): Task<void> {
    this.#machines.closed = true;
    yield* this.#machines.scope.cancel();
    // A machine in the making is written by the task that makes it: it is whole, or gone, before it is
    // closed, and none is begun any more.
    yield* this.#machines.creating.during(done(undefined));
    const entries = [...this.#machines.entries.values()];
    yield* all("close", entries.map((entry) => this.#machines.closeOne(entry)));
    this.#machines.entries.clear();
  }
}

/** A package of a machine whose primary was never connected since it was enabled, or is replicated elsewhere. */
function notHeardOf(name: string): Failed {
  return requestFailure(
    "no-such-machine",
    `The package is of a machine "${name}", which no primary replicates to this server`,
    "Connect the two servers: the primary hands the key over once its export has finished. Import the package then",
  );
}
