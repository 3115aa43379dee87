/**
 * Unplanned failover on the replica: start on any point, cancel, complete.
 *
 * From start to complete the machine runs on durable overlays over the point's view (R8): nothing is
 * rolled back, nothing is waited for, nothing but this server is needed. The failover is tentative: its
 * generation is in force only once it is completed, and dead for ever when it is cancelled (L5).
 *
 * What a crash leaves. The relationship's record is the one commit point of each step. Before `start`
 * has set it, holds and overlays are strays, cleared at the next opening; after, the failover stands and
 * is resumed. Before `cancel` has set it the failover stands; after, overlays are strays. `complete`
 * first says *completing*: from then on every opening goes on towards complete.
 *
 * @module
 */

import { type Failure, isFailed, requestFailure } from "../base/failure.ts";
import type { GenerationId, PointId } from "../base/units.ts";
import type { Overlay } from "../history/overlay.ts";
import type { PointView } from "../history/point_view.ts";
import type { Ancestry } from "../lineage/generation.ts";
import { newIdentity } from "../relationship/identity.ts";
import type { ReplicaMachine } from "../replica/replica_machine.ts";
import {
  begunFailover,
  cancelledFailover,
  type FailoverRecord,
} from "../replica/replica_record.ts";
import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { choosePoint, notVerified } from "./chosen_point.ts";
import { isMarked, markCompleted, markInForce } from "./in_force.ts";
import { mergeFailover } from "./merge.ts";
import { closePointDisks, openPointDisks } from "./point_disks.ts";

/** Name of the hold that keeps the point of a failover. */
export const HOLD = "failover";
/** Folder of the overlays, in the machine's folder. */
export const OVERLAYS = "failover";
const UNMADE = ["damaged", "not-found", "wrong-disk", "point-broken", "no-such-point"] as const;

/** A machine that was failed over: its disks, until cancel or complete. */
export class Failover {
  readonly machine: ReplicaMachine;
  /** The point that was chosen. */
  readonly point: PointId;
  /** Its disks as guests may use them, by index. */
  readonly disks: readonly Overlay[];
  readonly #folder: Folder;
  readonly #view: PointView;
  /** Its overlays and its view were given back, or that was tried. */
  #closed = false;

  private constructor(
    machine: ReplicaMachine,
    folder: Folder,
    point: PointId,
    view: PointView,
    disks: readonly Overlay[],
  ) {
    this.machine = machine;
    this.#folder = folder;
    this.point = point;
    this.#view = view;
    this.disks = disks;
  }

  /**
   * Starts a failover to `chosen`, or to the newest point. `folder` is the machine's. While its disks
   * are suspect that is refused with `disk-suspect`, unless `unverified` says that it is known (R9).
   * `promised`: it is the one that the primary has asked for.
   */
  static *start(
    machine: ReplicaMachine,
    folder: Folder,
    chosen: PointId | undefined,
    unverified = false,
    promised = false,
  ): Task<Failover> {
    const state = machine.stateAfter("fail-over");
    const point = choosePoint(machine, chosen);
    if (point.unverified && !unverified) throw notVerified(machine.name);
    const failover = yield* Failover.#prepare(machine, folder, point.id);
    const generation = newIdentity<GenerationId>(machine.ports.entropy);
    const record = begunFailover(machine.record, point.id, generation);
    try {
      yield* machine.beginFailover({ state, failover: record }, promised);
    } catch (error) {
      // Nobody knows whether the record is durable: what it tells of stays for the next opening, which
      // resumes it or clears it; the next start replaces it.
      yield* failover.close();
      throw error;
    }
    // The record refuses data from here on; whoever was sending learns why. A seal that was under way has
    // ended before anybody is told of the failover (I23).
    yield* machine.endChannel(machine.failedOverHere());
    yield* markInForce(folder, record);
    tell(machine, "started", record);
    return failover;
  }

  /** Holds the point and makes its overlays; a failure leaves nothing of either. */
  static *#prepare(machine: ReplicaMachine, folder: Folder, point: PointId): Task<Failover> {
    yield* machine.store.hold(point, HOLD);
    try {
      yield* clearStrays(folder);
      return yield* Failover.#create(machine, folder, point);
    } catch (error) {
      yield* clearStrays(folder);
      yield* machine.store.unhold(HOLD);
      throw error;
    }
  }

  /** Where there is no room for its overlays, in that of the reserve (R10). */
  static *#create(machine: ReplicaMachine, folder: Folder, point: PointId): Task<Failover> {
    try {
      return yield* Failover.#build(machine, folder, point, "create");
    } catch (error) {
      if (!isFailed(error, "no-space")) throw error;
      yield* clearStrays(folder);
      yield* machine.store.spendReserve();
      return yield* Failover.#build(machine, folder, point, "create");
    }
  }

  /** Takes up the failover that the record tells of, or clears what a crash left of one. */
  static *resume(machine: ReplicaMachine, folder: Folder): Task<Failover | undefined> {
    const { failover } = machine.record;
    if (failover === undefined) {
      const generation = machine.record.ancestry[0]?.generation;
      const completed = machine.state === "FailedOver";
      if (completed && generation !== undefined) yield* markCompleted(folder, generation);
      yield* clearStrays(folder);
      yield* machine.store.unhold(HOLD);
      if (completed) {
        // A crash came between the record of a completed failover and letting the disks go. Whoever
        // applies may have looked while the chosen point was held still.
        yield* machine.prune();
        yield* machine.store.release();
      }
      return undefined;
    }
    let resumed: Failover;
    try {
      resumed = yield* Failover.#build(machine, folder, failover.point, "open");
    } catch (error) {
      const unmade = isFailed(error, ...UNMADE) && !failover.completing;
      if (!unmade || (yield* isMarked(folder))) throw error;
      // The record is older than the end of that failover: its overlays were cleared, and a start behind it was cut
      // short while it made others, which nobody was offered yet. (Or it could not be marked, and nothing of it can be
      // read any more.) Crash before the record: it is the same again.
      yield* machine.setRecord(cancelledFailover(machine.record, machine.name));
      yield* clearStrays(folder);
      yield* machine.store.unhold(HOLD);
      return undefined;
    }
    yield* markInForce(folder, failover);
    return resumed;
  }

  static *#build(
    machine: ReplicaMachine,
    folder: Folder,
    point: PointId,
    how: "create" | "open",
  ): Task<Failover> {
    const overlays = yield* folder.folder(OVERLAYS, { create: true });
    if (how === "create") yield* folder.flush();
    const { view, disks } = yield* openPointDisks(machine, overlays, point, how);
    return new Failover(machine, folder, point, view, disks);
  }

  /** Drops what the guest wrote since; what was received stays (R8). Exports were withdrawn before. */
  *cancel(): Task<void> {
    const { machine } = this;
    const record = machine.record;
    if (record.failover?.completing === true) throw tooLate(machine.name);
    const failover = record.failover as FailoverRecord;
    yield* machine.setRecord(cancelledFailover(record, machine.name));
    yield* this.close();
    yield* clearCancelled(machine, this.#folder, failover);
  }

  /**
   * The same for a failover whose overlays cannot be opened; nothing of them is read. None is no failure. A crash
   * before the record leaves it as it was; one behind it strays, which the next opening clears.
   */
  static *abandon(machine: ReplicaMachine, folder: Folder): Task<void> {
    const { failover } = machine.record;
    if (failover === undefined) return;
    if (failover.completing) throw tooLate(machine.name);
    yield* machine.setRecord(cancelledFailover(machine.record, machine.name));
    yield* clearCancelled(machine, folder, failover);
  }

  /**
   * Makes the failover final: overlays are merged as an undo-logged delta of the new generation, all
   * other points are dropped. Exports were withdrawn before. Can be repeated after a crash, and after a failure: one that
   * came behind the record of the complete leaves a failover that is complete, and the rest of this to do.
   */
  *complete(): Task<void> {
    const { machine } = this;
    if (machine.state !== "FailedOver") yield* this.#merge();
    const { generation } = machine.record.ancestry[0] as Ancestry[number];
    // A crash before the mark leaves overlays and undo files, which tell of the complete as well.
    yield* markCompleted(this.#folder, generation);
    yield* this.close();
    yield* clearStrays(this.#folder);
    yield* machine.store.unhold(HOLD);
    // The chosen point was held until here; nothing is applied any more that would drop it.
    yield* machine.prune();
    yield* machine.store.release();
    tell(machine, "completed", { point: this.point, generation });
  }

  *#merge(): Task<void> {
    const { machine } = this;
    const { failover } = machine.record;
    machine.stateAfter("complete-failover");
    if (failover === undefined) throw tooLate(machine.name);
    yield* machine.setRecord({ ...machine.record, failover: { ...failover, completing: true } });
    for (const disk of this.disks) yield* disk.flush();
    yield* mergeFailover(machine, this.#view, this.disks);
  }

  /** What health must show of its overlays. */
  get troubles(): readonly Failure[] {
    return this.disks.flatMap((disk) => disk.troubles);
  }

  /**
   * Gives overlays and view back, in order; once. A cancel or a complete that failed behind it leaves a failover whose server
   * stops, and what failed to be closed stays open until the process ends.
   */
  *close(): Task<void> {
    if (this.#closed) return;
    this.#closed = true;
    yield* closePointDisks({ view: this.#view, disks: this.disks });
  }
}

/** Clears what a failover leaves whose cancel is recorded and whose overlays nobody has open. */
function* clearCancelled(
  machine: ReplicaMachine,
  folder: Folder,
  failover: FailoverRecord,
): Task<void> {
  yield* clearStrays(folder);
  yield* machine.store.unhold(HOLD);
  yield* machine.store.keepReserve();
  tell(machine, "cancelled", failover);
}

function tell(
  { ports, name: machine }: ReplicaMachine,
  step: "started" | "cancelled" | "completed",
  { point, generation }: Pick<FailoverRecord, "point" | "generation">,
): void {
  ports.observer.emit({ kind: "failover", machine, step, point, generation });
}

function tooLate(name: string): Error {
  return requestFailure(
    "wrong-state",
    `The failover of "${name}" is being completed`,
    'Ask for "warmsite failover complete" again to finish it',
  );
}

function* clearStrays(folder: Folder): Task<void> {
  yield* folder.remove(OVERLAYS);
  yield* folder.flush();
}
