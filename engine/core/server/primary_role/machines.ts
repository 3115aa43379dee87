/**
 * The machines of this server as a primary: how one is opened and closed, what of it guests are offered, and
 * what keeps it replicated while it has a relationship.
 *
 * Rule: disks are offered and replicated by what is here, and by nothing else. It does not know why a machine
 * changes; that stands in the files beside it.
 *
 * @module
 */

import { type Failed, type Failure, isFailed, requestFailure } from "../../base/failure.ts";
import type { Folder } from "../../ports/folder.ts";
import type { Ancestry } from "../../lineage/generation.ts";
import { beginPutOff } from "../../primary/initial_replication.ts";
import type { Links } from "../../primary/links.ts";
import { type MachineContext, PrimaryMachine } from "../../primary/machine.ts";
import { MACHINE_RECORD } from "../../primary/machine_record.ts";
import { Replicator } from "../../primary/replicator.ts";
import { startWhenDue } from "../../primary/start_schedule.ts";
import { loadRecord } from "../../relationship/record.ts";
import { keepStatistics } from "../../relationship/statistics_record.ts";
import { Mutex } from "../../runtime/lock.ts";
import { Scope } from "../../runtime/scope.ts";
import { Signal } from "../../runtime/signal.ts";
import type { Task } from "../../runtime/task.ts";
import { exportName, type Exports } from "../exports.ts";
import { Registry } from "../registry.ts";
import { asking, mayRunThere } from "./held.ts";

/** A machine and, while it has a relationship, its replicator in a scope of its own. */
export interface Entry {
  readonly machine: PrimaryMachine;
  /** Its relationship changes one at a time. */
  readonly changing: Mutex;
  replicator: Replicator | undefined;
  scope: Scope | undefined;
  /** Another time was chosen to start at. */
  readonly putOff: Signal;
  /** Who says that the machine runs over there, and why it was not given up; `challenge.ts` says for how long. */
  challenger?: Challenger;
  /** Why its guest is not served, though it is its machine's primary; `undefined` while it is (L6). */
  held?: Failure | undefined;
  /** Its replica is being asked where it runs: nothing is sent before it has answered. */
  asking?: boolean;
}

/** A peer that opened a machine of ours with a history of its own. */
export interface Challenger {
  readonly peer: string;
  readonly ancestry: Ancestry;
  readonly failure: Failure | undefined;
  /** When it came, by the monotonic clock. */
  readonly at: number;
}

/** Machines by name, with what they share. */
export class PrimaryMachines extends Registry<Entry> {
  readonly context: MachineContext;
  /** Holds one folder for each machine. */
  readonly folder: Folder;
  readonly exports: Exports;
  readonly links: Links;
  /** Notified when a machine could not be opened. */
  readonly whenUnopened = new Signal();

  constructor(context: MachineContext, folder: Folder, exports: Exports, links: Links) {
    super(noSuchMachine);
    this.context = context;
    this.folder = folder;
    this.exports = exports;
    this.links = links;
  }

  /** The machine is here and cannot be opened now, because of `failure`. */
  leaveUnopened(name: string, failure: Failure): void {
    this.unopened.set(name, failure);
    this.whenUnopened.notify();
  }

  /** Opens a machine that is recorded; `how` and `before`: see `take`. */
  *openMachine(name: string, how?: "ask", before?: Replicator): Task<void> {
    const folder = yield* this.folder.folder(name);
    const { kernel } = this.context.ports.codec;
    const record = yield* loadRecord(kernel, folder, MACHINE_RECORD);
    // A crash while the machine was being added: it was never acknowledged.
    if (record === undefined) yield* this.folder.remove(name);
    else this.take(yield* PrimaryMachine.open(this.context, folder, record), how, before);
  }

  /** What could not be given up goes on here; `before`: what replicated it until then. */
  *openAgain(name: string, before: Replicator | undefined): Task<void> {
    try {
      yield* this.openMachine(name, undefined, before);
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      this.leaveUnopened(name, error.failure);
    }
  }

  /**
   * `ask`: its guest is served only when its replica was asked, if it may have been started there. `before`: see
   * `replicate`.
   */
  take(machine: PrimaryMachine, how?: "ask", before?: Replicator): void {
    const changing = new Mutex();
    const entry: Entry = {
      machine,
      changing,
      replicator: undefined,
      scope: undefined,
      putOff: new Signal(),
    };
    this.entries.set(machine.name, entry);
    // One that is prepared for a planned failover is locked until that is cancelled, or over (L4).
    const locked = machine.state === "PreparedForFailover";
    if (how === "ask" && !locked && mayRunThere(machine)) {
      entry.held = asking(machine);
      entry.asking = true;
    } else if (!locked) this.offer(machine);
    this.replicate(entry, before);
  }

  /** Offers the disks of a machine that was held back; nothing where it was not. */
  serve(entry: Entry): void {
    if (entry.held === undefined) return;
    entry.held = undefined;
    entry.asking = false;
    this.offer(entry.machine);
  }

  /** Offers the disks of a machine to guests. */
  offer(machine: PrimaryMachine): void {
    for (const [index, disk] of machine.disks.entries()) {
      if (disk.part !== "removed") this.exports.offer(exportName(machine.name, index), disk);
    }
  }

  /** Takes the disks of a machine from guests, who are cut off. */
  *withdraw(machine: PrimaryMachine): Task<void> {
    for (const index of machine.disks.keys()) {
      yield* this.exports.withdraw(exportName(machine.name, index));
    }
  }

  /** Guests that are attached to disks of the machine. */
  clients(machine: PrimaryMachine): number {
    const names = [...machine.disks.keys()].map((index) => exportName(machine.name, index));
    return names.reduce((sum, name) => sum + this.exports.clients(name), 0);
  }

  /** `before`: the replicator of the same relationship, whose numbers go on. */
  replicate(entry: Entry, before?: Replicator): void {
    const { settings } = entry.machine;
    if (settings === undefined) return;
    const { ports } = this.context;
    entry.replicator = new Replicator(ports, entry.machine, settings, this.links, before);
    entry.scope = new Scope(ports.loop, `replicate/${entry.machine.name}`);
    // Of one whose replica is asked first, replication begins behind the answer.
    if (entry.asking !== true) this.run(entry);
    entry.scope.spawn("statistics", this.#keepStatistics(entry.machine, entry.replicator));
    const { machine, putOff } = entry;
    const begin = () => this.alone(machine.name, (own) => this.#beginPutOff(own));
    entry.scope.spawn("start-at", startWhenDue({ ports, machine, chosen: putOff, begin }));
  }

  /** Has the replicator of a machine run; one that is held back is served once its replica takes its data again. */
  run(entry: Entry): void {
    const { scope, replicator, held } = entry;
    if (scope === undefined || replicator === undefined) return;
    scope.spawn("run", replicator.run());
    if (held !== undefined) scope.spawn("held", this.#untilServed(entry, replicator));
  }

  *#untilServed(entry: Entry, replicator: Replicator): Task<void> {
    yield* replicator.untilWelcome();
    this.serve(entry);
  }

  #keepStatistics(machine: PrimaryMachine, { monitoring }: Replicator): Task<void> {
    return keepStatistics(this.context.ports, machine.folder, monitoring);
  }

  *#beginPutOff(entry: Entry): Task<void> {
    if (yield* beginPutOff(entry.machine, this.context.ports.clock.wall())) {
      entry.replicator?.ask();
    }
  }

  /** The machine and its replicator; refused where there is no relationship. */
  replicated(name: string): { readonly machine: PrimaryMachine; readonly replicator: Replicator } {
    const { machine, replicator } = this.entry(name);
    if (replicator !== undefined) return { machine, replicator };
    throw requestFailure(
      "wrong-state",
      `"${name}" is not replicated`,
      'Enable and start replication first: "warmsite replication enable"',
    );
  }

  /** A disk belongs to one machine. */
  refuseTaken(paths: readonly string[]): void {
    for (const { machine } of this.entries.values()) {
      const taken = machine.disks.find((disk) => paths.includes(disk.path));
      if (taken === undefined) continue;
      throw requestFailure(
        "exists",
        `"${taken.path}" is a disk of machine "${machine.name}"`,
        "A disk belongs to one machine: name another disk, or remove that machine first",
      );
    }
  }

  /** Ends a machine's replication; who waits for a cycle is told so. */
  *stop(entry: Entry): Task<void> {
    const { replicator } = entry;
    entry.replicator = undefined;
    yield* this.#end(entry, replicator);
  }

  /** Ends the replication of a machine that stays here until another role has it: its status goes on counting. */
  halt(entry: Entry): Task<void> {
    return this.#end(entry, entry.replicator);
  }

  *#end(entry: Entry, replicator: Replicator | undefined): Task<void> {
    const { scope } = entry;
    entry.scope = undefined;
    if (scope !== undefined) yield* scope.cancel();
    // One that waits for its replica's word does not run yet, and may have been asked for something.
    replicator?.ended();
  }

  /** Removes the record of a machine, durably. */
  *forget(name: string): Task<void> {
    yield* this.folder.remove(name);
    yield* this.folder.flush();
  }

  /** Stops one machine, waits for `calm`, drops its guests and closes its disks in order. */
  *closeOne(entry: Entry, calm: () => Task<void>): Task<void> {
    yield* this.stop(entry);
    yield* calm();
    // What a verb began meanwhile.
    yield* this.stop(entry);
    yield* this.withdraw(entry.machine);
    if (this.claim(entry.machine)) yield* entry.machine.close();
  }

  /** A machine that is removed while the server stops is closed by whoever takes it off the list. */
  claim(machine: PrimaryMachine): boolean {
    const { entries } = this;
    return entries.get(machine.name)?.machine === machine && entries.delete(machine.name);
  }
}

function noSuchMachine(name: string): Failed {
  return requestFailure(
    "no-such-machine",
    `No machine "${name}" runs on this server`,
    'Look at "warmsite vm list"',
  );
}
