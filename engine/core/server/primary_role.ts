/**
 * The machines whose guests run on this server, and what keeps each of them replicated.
 *
 * Rule: whatever changes a machine is done by whoever alone changes it; this is where that begins. What is done is
 * in the folder beside this file.
 *
 * @module
 */
// Long because: it is everything that the rest of the server asks of its primary's role, a line or two each.

import { isFailed, localFailure, requestFailure } from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import type { PointId } from "../base/units.ts";
import type { Ancestry } from "../lineage/generation.ts";
import type { Folder } from "../ports/folder.ts";
import { START_NOW, type StartChoice } from "../primary/initial_replication.ts";
import type { Links } from "../primary/links.ts";
import { type MachineContext, PrimaryMachine } from "../primary/machine.ts";
import type { OutgoingLimits } from "../primary/outgoing.ts";
import type { Replicator } from "../primary/replicator.ts";
import type { ResyncWish } from "../primary/resync_wish.ts";
import type { StagedPoint } from "../primary/staged_clock.ts";
import type { Verification } from "../primary/verification.ts";
import type { Monitoring } from "../relationship/monitoring.ts";
import {
  checkSettings,
  FREQUENCY_DEFAULT,
  type RelationshipSettings,
  RETENTION_DEFAULT,
} from "../relationship/settings.ts";
import { adviceFor } from "../relationship/refused_event.ts";
import { saveStatistics } from "../relationship/statistics_record.ts";
import { forecastJson, forecastStorage, joinedChurn } from "../relationship/storage_forecast.ts";
import { Scope } from "../runtime/scope.ts";
import type { Task } from "../runtime/task.ts";
import { all } from "../runtime/together.ts";
import type { MessageOf } from "../wire/message.ts";
import { parseRetention } from "../wire/retention.ts";
import type { Exports } from "./exports.ts";
import { askPeers } from "./primary_role/ask_peers.ts";
import { challengeOf, theirAncestry } from "./primary_role/challenge.ts";
import { demote } from "./primary_role/demote.ts";
import { addDisk, excludeDisk, removeDisk } from "./primary_role/disk_changes.ts";
import { type Entry, PrimaryMachines } from "./primary_role/machines.ts";
import { cancelPrepared, giveAway, prepare } from "./primary_role/planned.ts";
import { openLater } from "./primary_role/open_later.ts";
import { promote } from "./primary_role/promote.ts";
import { removeUnopened } from "./primary_role/remove_unopened.ts";
import {
  cycle,
  disable,
  enable,
  pause,
  resume,
  resync,
  set,
  start,
  stopInitial,
  verify,
} from "./primary_role/relationship_changes.ts";
import { resolve } from "./primary_role/split_brain.ts";
import type { Demotion, Promotion } from "./role_change.ts";
import { primaryStatus, unopenedStatus } from "./status.ts";

/** This server as a primary. */
export class PrimaryRole {
  readonly #machines: PrimaryMachines;
  /** Opens machines later; ends before they are closed. */
  readonly #later: Scope;

  constructor(context: MachineContext, folder: Folder, exports: Exports, links: Links) {
    this.#machines = new PrimaryMachines(context, folder, exports, links);
    this.#later = new Scope(context.ports.loop, "open-later");
  }

  /**
   * Opens every machine that is recorded and offers its disks. One that cannot be opened, for a disk of
   * its is gone, stands in the status with its reason and keeps no other from its work.
   */
  *open(): Task<void> {
    // A record whose removal a process did not live to make durable is gone for good before anybody relies on that.
    yield* this.#machines.folder.flush();
    for (const name of yield* this.#machines.folder.list()) {
      try {
        yield* this.#machines.openMachine(name, "ask");
      } catch (error) {
        if (!isFailed(error) || error.code === "cancelled") throw error;
        this.#machines.leaveUnopened(name, error.failure);
      }
    }
  }

  /**
   * Asks the replicas of the machines that were opened whether their guests run over there, all at once and for
   * a bounded time, and serves those that do not (L6). Those that could not be opened are from then on tried again.
   */
  *askPeers(): Task<void> {
    yield* askPeers(this.#machines);
    this.#later.spawn("open-later", openLater(this.#machines));
  }

  /** The history of a machine that is open here. */
  ancestryOf(name: string): Ancestry | undefined {
    return this.#machines.entries.get(name)?.machine.ancestry;
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
    return this.#machines.reserve(promotion.name, promote(this.#machines, promotion));
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
      (entry) =>
        this.#machines.reserve(name, demote(this.#machines, entry, opening, peer, adopt, undo)),
    );
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
    const { ports } = this.#machines.context;
    const monitoring = this.monitoring(name);
    monitoring.reset(ports.clock.wall());
    yield* saveStatistics(ports, this.#machines.entry(name).machine.folder, monitoring);
  }

  /** What all machines may send from now on, together. */
  limit(limits: OutgoingLimits): void {
    this.#machines.links.outgoing.limit(limits);
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
    this.#machines.refuseTaken(paths);
    return yield* this.#machines.reserve(name, this.#add(name, paths));
  }

  *#add(name: string, paths: readonly string[]): Task<PrimaryMachine> {
    const folder = yield* this.#machines.folder.folder(name, { create: true });
    yield* this.#machines.folder.flush();
    try {
      const machine = yield* PrimaryMachine.add(this.#machines.context, folder, name, paths);
      this.#machines.take(machine);
      return machine;
    } catch (error) {
      yield* this.#machines.folder.remove(name);
      yield* this.#machines.folder.flush();
      throw error;
    }
  }

  /**
   * Removes a machine without a relationship; its disks stay as they are. `force`: also one that is replicated, if it
   * cannot be opened, for then nobody can end that first.
   */
  *remove(name: string, force: boolean): Task<void> {
    if (this.#machines.unopened.has(name)) {
      return yield* removeUnopened(this.#machines, name, force);
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
    yield* this.#machines.withdraw(machine);
    if (!this.#machines.claim(machine)) {
      throw localFailure(
        "cancelled",
        `The server stopped before "${name}" was removed`,
        `Ask again once it runs: "warmsite vm remove ${name}"`,
      );
    }
    yield* machine.close();
    yield* this.#machines.forget(name);
  }

  /** Enables replication: from its return on every change is tracked. */
  *enable(name: string, settings: RelationshipSettings): Task<void> {
    const checked = checkSettings(settings);
    yield* this.#machines.alone(name, (entry) => enable(this.#machines, entry, checked));
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
    return this.#machines.alone(name, (entry) => set(this.#machines, entry, args));
  }

  /**
   * Starts initial replication, or starts it again; or puts it off to a time. `takeOver`: of several copies of
   * this server this is the one that the replica shall be written by (L1).
   */
  start(name: string, takeOver = false, choice: StartChoice = START_NOW): Task<void> {
    return this.#machines.alone(name, (entry) => start(this.#machines, entry, takeOver, choice));
  }

  /**
   * Stops an initial replication that runs, or calls off one that was put off. What the replica or the
   * package holds stays, and so do the marks of what it lacks: the same way goes on there when it is started again. But onto
   * media: the key of what was written is gone with the plan.
   */
  stop(name: string): Task<void> {
    return this.#machines.alone(name, (entry) => stopInitial(this.#machines, entry));
  }

  /** Compares a machine with its replica; returns what was found, and the newest point it holds of. */
  *verify(
    name: string,
  ): Task<{ readonly found: Verification; readonly point: PointId | undefined }> {
    return yield* verify(this.#machines.entry(name));
  }

  /** See `RESYNC_VERBS`: what the administrator wants of a machine's resynchronization. */
  resync(name: string, wish: ResyncWish): Task<void> {
    return this.#machines.alone(name, (entry) => resync(entry, wish));
  }

  /** Sends nothing from now on, durably; changes are tracked. A cycle under way ends. */
  pause(name: string): Task<void> {
    return this.#machines.alone(name, (entry) => pause(entry));
  }

  /** Sends again, whatever ended it: a pause, a failure that a person had to mend, an update of its disks. */
  resume(name: string): Task<void> {
    return this.#machines.alone(name, (entry) => resume(entry));
  }

  /** Runs a cycle, with the guest at rest for its cut if `atRest`; returns its point when it is staged. */
  *cycle(name: string, atRest = false): Task<StagedPoint> {
    return yield* cycle(this.#machines.entry(name), atRest);
  }

  /** Makes a disk larger; returns the bytes that it had. */
  *grow(name: string, disk: number, size: number): Task<number> {
    let before = 0;
    yield* this.#machines.alone(name, function* ({ machine }) {
      before = machine.disks[disk]?.size ?? 0;
      yield* machine.grow(disk, size);
    });
    return before;
  }

  /** Adds a disk and offers it; returns its index. */
  addDisk(name: string, path: string): Task<number> {
    return this.#machines.alone(name, (entry) => addDisk(this.#machines, entry, path));
  }

  /** Takes a disk out of its machine. Refused while a guest is attached to it. */
  removeDisk(name: string, index: number): Task<void> {
    return this.#machines.alone(name, (entry) => removeDisk(this.#machines, entry, index));
  }

  /** Leaves a disk out of replication, or takes it in again. */
  excludeDisk(name: string, index: number, excluded: boolean): Task<void> {
    return this.#machines.alone(
      name,
      (entry) => excludeDisk(this.#machines, entry, index, excluded),
    );
  }

  /** Ends the relationship on this side. */
  disable(name: string): Task<void> {
    return this.#machines.alone(name, (entry) => disable(this.#machines, entry));
  }

  /** The name of the server that the machine is replicated to, as its certificate says; asks it. */
  *replicaServer(name: string): Task<string> {
    const { replicator } = this.#machines.replicated(name);
    let server = "";
    yield* replicator.errand(function* (peer) {
      server = peer.server;
    });
    return server;
  }

  /**
   * Locks a machine for a planned failover and sends what is left; returns when the replica has it. What
   * fails on the way leaves it locked: asked for again it goes on, and `cancelPrepared` takes it back.
   */
  prepare(name: string): Task<void> {
    return prepare(this.#machines, name);
  }

  /** Asks the replica to bring a prepared machine up, and to become its primary. */
  giveAway(name: string): Task<void> {
    return giveAway(this.#machines, name);
  }

  /**
   * Takes a prepared machine back: the replica gives up the right to start it, durably. `force`: without its
   * word; what is written from here on is of a generation of its own, and two sides that both go on are a split brain.
   */
  cancelPrepared(name: string, force: boolean): Task<void> {
    return this.#machines.alone(name, (entry) => cancelPrepared(this.#machines, entry, force));
  }

  /**
   * Does what the administrator says in a split brain: `digits` begin the newest generation of the side that
   * stays. What the other side alone has is kept there as a point.
   */
  resolve(name: string, digits: string): Task<void> {
    return this.#machines.alone(name, (entry) => resolve(this.#machines, entry, digits));
  }

  /** Status of one machine. */
  status(name: string): JsonObject {
    const failure = this.#machines.unopened.get(name);
    if (failure !== undefined) return unopenedStatus(name, "primary", failure);
    const entry = this.#machines.entry(name);
    const { machine, replicator, held } = entry;
    const claimed = challengeOf(entry)?.failure;
    const outside = [held, claimed].filter((each) => each !== undefined);
    const now = this.#machines.context.ports.clock.now();
    const wall = this.#machines.context.ports.clock.wall();
    return primaryStatus(machine, replicator, now, wall, { outside, theirs: theirAncestry(entry) });
  }

  /**
   * Stops replication (whoever waits for a cycle is told so), waits for `calm`, drops guests and closes every
   * disk in order; each machine by itself.
   */
  *close(calm: () => Task<void>): Task<void> {
    yield* this.#later.cancel();
    const entries = [...this.#machines.entries.values()];
    yield* all("close", entries.map((entry) => this.#machines.closeOne(entry, calm)));
    this.#machines.links.close();
    this.#machines.entries.clear();
  }
}
