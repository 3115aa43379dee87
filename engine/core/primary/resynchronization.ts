/**
 * Resynchronization: a comparison of whole disks, as a state of its own (L8, M42 to M44).
 *
 * It is due when nobody can prove what changed: the log is lost, stale or of another point than the replica's newest,
 * the disk was changed while it was not tracked, or the replica is older than what it had acknowledged. It goes on as
 * initial replication does (C5): passes over the live disk, what the guest writes meanwhile staying marked, and one
 * small cut at the end. But everything that travels goes into one delta that is not sealed, so every older point stays
 * and can be failed over to at any moment, and what was sent can be dropped whole (L8).
 *
 * What outlives what:
 * - a broken link: all but what was in flight, for the delta goes on at the replica's durable prefix (C3);
 * - a restart of the replica: the same;
 * - a restart of the primary: what was compared and found equal, whose bits are cleared after a flush (T3), being
 *   relative to the base that it was compared with (T4). What was sent is in a delta that only this process knows, and
 *   no point holds it: it stays marked, is compared again, and travels again;
 * - a cancel: the same, and the delta is dropped.
 * Tracking goes on all the time, and what it finds is sent by this or by the next cycle: no write makes another
 * resynchronization due.
 *
 * @module
 */

import { type Failure, isFailed, localFailure } from "../base/failure.ts";
import { MiB } from "../base/units.ts";
import { heldBecause, NO_RESYNC } from "../relationship/resync_policy.ts";
import type { Task } from "../runtime/task.ts";
import { makeCut } from "./cutting.ts";
import { abandon, openDelta, sealDelta, sendDelta } from "./cycle.ts";
import { beginLive } from "./live_delta.ts";
import type { OpenDelta } from "./open_delta.ts";
import type { Course } from "./opening.ts";
import { livePasses } from "./passes.ts";
import type { ReplicaPeer } from "./replica_peer.ts";
import type { Replication } from "./replication.ts";
import { sendPending } from "./sending.ts";
import { noteSent } from "./sent.ts";

/** Bytes found equal between two times that their bits are cleared on disk. */
const SETTLE_BYTES = 1024 * MiB;

/** How far a resynchronization has come, in this process. */
export interface ResyncProgress {
  /** Bytes compared and found equal. */
  equal: number;
  /** Bytes compared and found to differ. */
  differing: number;
  /** Bytes of disk that were sent. */
  sent: number;
}

/** Nothing yet. */
export function newProgress(): ResyncProgress {
  return { equal: 0, differing: 0, sent: 0 };
}

/** Why a resynchronization of this machine may not run now, in words; `undefined` when it may. */
export function resyncHeld({ machine, settings, ports }: Replication): string | undefined {
  return heldBecause(settings.resync, machine.resync.plan, ports.clock, ports.clock.wall());
}

/** Something that can be done about a machine's resynchronization before anybody is dialled. */
export function* settleState(work: Replication): Task<void> {
  const { machine } = work;
  const held = resyncHeld(work);
  if (machine.state === "ResynchronizeSuspended" && held === undefined) {
    yield* machine.resync.change({ hold: "none" });
    yield* machine.enter("continue-resynchronization");
  } else if (machine.state === "Resynchronizing" && held !== undefined) {
    if (machine.resync.plan.hold === "cancelled") {
      yield* machine.enter("cancel-resynchronization");
    } else {
      // A window that ended: the next one goes on by itself.
      if (machine.resync.plan.hold === "none") yield* machine.resync.change({ hold: "window" });
      yield* machine.enter("pause-resynchronization");
    }
  } else if (machine.state === "WaitingForStartResynchronize" && work.delta !== undefined) {
    // What was sent counts no more; the replica drops it when it is opened the next time.
    abandon(work);
  }
}

/** A comparison of whole disks is due, because of `why`: durably, and in the state. */
export function* requireResync({ machine }: Replication, why: string): Task<void> {
  const { plan } = machine.resync;
  yield* machine.resync.change({ due: plan.due ?? why });
  const { state } = machine;
  if (state !== "Resynchronizing" && state !== "WaitingForStartResynchronize") {
    yield* machine.enter("require-resynchronization");
  }
}

/** Begins one that is due if it may run; otherwise returns why not, and what to do. */
export function* beginResync(work: Replication): Task<Course | undefined> {
  const { machine } = work;
  if (machine.state === "Resynchronizing") return undefined;
  const held = resyncHeld(work);
  if (held === undefined) {
    yield* machine.resync.change({ at: undefined, asked: askedFor(work) });
    yield* machine.enter("start-resynchronization");
    return undefined;
  }
  const { failure } = localFailure(
    "wrong-state",
    `"${machine.name}" has to be resynchronized, and ${held}: ${machine.resync.plan.due ?? ""}`,
    `Start it: "warmsite replication resync start ${machine.name}"; changes are tracked meanwhile`,
  );
  return { kind: "held", failure };
}

/** Why one that was begun does not go on, and what to do. */
export function suspendedBecause(work: Replication): Failure {
  const { machine } = work;
  return localFailure(
    "wrong-state",
    `The resynchronization of "${machine.name}" stands still: ${resyncHeld(work) ?? "it goes on"}`,
    `Continue it: "warmsite replication resync continue ${machine.name}"; changes are tracked meanwhile`,
  ).failure;
}

/** A time that has come is the administrator's word. */
function askedFor({ machine }: Replication): boolean {
  const { asked, at } = machine.resync.plan;
  return asked || at !== undefined;
}

/** Runs one to its end, or until it may not run any more; true when its point is staged. */
export function* resynchronize(work: Replication, peer: ReplicaPeer): Task<boolean> {
  const { machine } = work;
  if (machine.resync.plan.fresh) yield* suspectAll(work);
  const stopped = () => machine.state !== "Resynchronizing" || resyncHeld(work) !== undefined;
  if (stopped()) return yield* leave(work);
  const delta = yield* openDelta(work, peer, beginLive);
  const over = yield* livePasses(work, function* () {
    yield* peer.tellSizes(machine.announced);
    yield* runPass(work, peer, delta, stopped);
    return !stopped();
  });
  if (!over) return yield* leave(work);
  Object.assign(delta, yield* makeCut(work), { live: false });
  yield* sendDelta(work, peer, delta, noteCompared(work));
  yield* sealDelta(work, peer, delta);
  yield* finishResync(work);
  return true;
}

/** Nothing is known of any block: it was asked for. */
function* suspectAll(work: Replication): Task<void> {
  const { machine } = work;
  abandon(work);
  // A crash before the plan says so suspects everything again, which costs a comparison.
  for (const disk of machine.tracked) yield* disk.setBase(disk.base, { suspectAll: true });
  yield* machine.resync.change({ fresh: false });
}

function* runPass(
  work: Replication,
  peer: ReplicaPeer,
  delta: OpenDelta,
  stopped: () => boolean,
): Task<void> {
  const { machine, ports, settings } = work;
  const note = noteCompared(work);
  let unsettled = 0;
  yield* sendPending({
    codec: ports.codec,
    disks: machine.tracked,
    peer,
    shipment: delta.shipment,
    compression: settings.compression,
    chained: true,
    stopped,
    onSent(bytes, wire) {
      noteSent(work, bytes, wire);
      work.resync.sent += bytes;
    },
    onCompared(equal, differing) {
      unsettled += equal;
      note(equal, differing);
    },
    *between() {
      if (unsettled < SETTLE_BYTES) return;
      unsettled = 0;
      yield* settleEqual(work);
    },
  });
  yield* peer.drained();
  yield* settleEqual(work);
}

function* settleEqual({ machine }: Replication): Task<void> {
  for (const disk of machine.tracked) yield* disk.settleEqual();
}

function noteCompared(work: Replication): (equal: number, differing: number) => void {
  return (equal, differing) => {
    work.resync.equal += equal;
    work.resync.differing += differing;
  };
}

/** It was paused, cancelled, or its window ended: what is under way has ended. */
function* leave(work: Replication): Task<boolean> {
  // The second time for what was cancelled just now: it counts no more.
  yield* settleState(work);
  yield* settleState(work);
  return false;
}

/** Its point is staged: nothing is due any more. */
export function* finishResync(work: Replication): Task<void> {
  const { machine } = work;
  // Crash between the two: it runs once more and finds little to do.
  yield* machine.resync.save(NO_RESYNC);
  work.resync = newProgress();
  if (machine.state !== "Resynchronizing") return;
  try {
    yield* machine.enter("finish-resynchronization");
  } catch (error) {
    // Paused or cancelled at this moment: there is nothing left to pause or to cancel, and the next attempt says so.
    if (!isFailed(error, "wrong-state")) throw error;
  }
}
