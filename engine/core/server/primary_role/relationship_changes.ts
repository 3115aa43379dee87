/**
 * What an administrator does to the replication of a machine at its primary: enables it, changes its settings,
 * starts, stops, pauses and ends it, and asks for a cycle.
 *
 * Rule: each is called by whoever alone changes the machine; what is durable is durable before replication is told.
 *
 * @module
 */

import { requestFailure } from "../../base/failure.ts";
import type { JsonObject } from "../../base/json.ts";
import type { PointId } from "../../base/units.ts";
import { refuseTooManyPoints } from "../../history/room.ts";
import {
  callOff,
  chooseStart,
  refuseStop,
  type StartChoice,
} from "../../primary/initial_replication.ts";
import type { PrimaryMachine } from "../../primary/machine.ts";
import { refuseWhileLocked } from "../../primary/planned.ts";
import { applyWish, type ResyncWish } from "../../primary/resync_wish.ts";
import type { StagedPoint } from "../../primary/staged_clock.ts";
import type { Verification } from "../../primary/verification.ts";
import { withoutFreeze } from "../../relationship/guest_commands.ts";
import { changedSettings } from "../../relationship/setting_table.ts";
import { refuseNewestOnly, type RelationshipSettings } from "../../relationship/settings.ts";
import { adviceFor } from "../../relationship/refused_event.ts";
import { nextState, type StateEvent } from "../../relationship/state.ts";
import type { Task } from "../../runtime/task.ts";
import { parseRetention } from "../../wire/retention.ts";
import type { Entry, PrimaryMachines } from "./machines.ts";

/** Enables replication: from its return on every change is tracked. */
export function* enable(
  machines: PrimaryMachines,
  entry: Entry,
  settings: RelationshipSettings,
): Task<void> {
  refuseTooMany(entry.machine, settings);
  yield* entry.machine.enable(settings);
  machines.replicate(entry);
}

/** Changes settings, durably; the next cycle is by them. */
export function* set(machines: PrimaryMachines, entry: Entry, args: JsonObject): Task<void> {
  const { machine, replicator } = entry;
  yield* machine.change((settings) => {
    refuseWhileLocked(machine);
    const changed = changedSettings(settings, args);
    refuseTooMany(machine, changed);
    return changed;
  });
  if (machine.settings !== undefined) replicator?.change(machine.settings);
  // One that is due may begin by itself from now on: nobody waits for the next cycle to learn it.
  if (machine.state === "WaitingForStartResynchronize") replicator?.ask();
  const unanswered = entry.held?.code === "timed-out";
  if (unanswered && machine.settings?.onUnknown === "serve") machines.serve(entry);
}

/** Starts initial replication, or puts it off; see `PrimaryRole.start`. */
export function* start(
  machines: PrimaryMachines,
  entry: Entry,
  takeOver: boolean,
  choice: StartChoice,
): Task<void> {
  const now = yield* chooseStart(entry.machine, choice, machines.context.ports);
  if (choice.at !== undefined) entry.putOff.notify();
  if (takeOver) entry.machine.presence.takeOver();
  if (takeOver || now) entry.replicator?.ask();
}

/** Stops an initial replication that runs, or calls off one that was put off. */
export function* stopInitial(machines: PrimaryMachines, entry: Entry): Task<void> {
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
    machines.replicate(entry, replicator);
  }
}

/** Does what the administrator wants of a resynchronization. */
export function* resync({ machine, replicator }: Entry, wish: ResyncWish): Task<void> {
  yield* applyWish(machine, wish);
  replicator?.ask();
}

/** Sends nothing from now on, durably; a cycle under way ends. */
export function* pause({ machine, replicator }: Entry): Task<void> {
  yield* machine.enter("pause");
  replicator?.pause();
}

/** Sends again, whatever ended it. */
export function* resume({ machine, replicator }: Entry): Task<void> {
  const { because } = machine;
  yield* machine.enter(resumingEvent(machine));
  replicator?.resume(because);
}

/** Ends the relationship on this side. */
export function* disable(machines: PrimaryMachines, entry: Entry): Task<void> {
  const { machine, scope, replicator } = entry;
  // What the replica of a locked machine said of its failover tells what to do in its place.
  nextState(machine.state, "disable", machine.name, replicator?.lastFailure?.code);
  entry.scope = undefined;
  // It has stopped; what it counted stands in the status until the record says that this has ended.
  if (scope !== undefined) yield* scope.cancel();
  try {
    yield* machine.disable();
  } finally {
    entry.replicator = undefined;
    // Nobody is left who could say that it runs elsewhere: a restart would serve it as well.
    if (machine.state === "Disabled") machines.serve(entry);
    // The record could not be written: the relationship is still there, and goes on.
    if (machine.state !== "Disabled") machines.replicate(entry, replicator);
  }
}

/** Runs a cycle, with the guest at rest for its cut if `atRest`; returns its point when it is staged. */
export function* cycle({ machine, replicator }: Entry, atRest: boolean): Task<StagedPoint> {
  if (replicator !== undefined && canCycle(machine.state)) {
    if (atRest) refuseWithoutFreeze(machine);
    return yield* replicator.cycle(atRest);
  }
  const { because, state } = machine;
  throw requestFailure(
    "wrong-state",
    `Cannot run a cycle of "${machine.name}" in state ${state}` +
      (because === undefined ? "" : `: ${because.message}`),
    because === undefined ? adviceFor(state) : `${because.action}. ${adviceFor(state)}`,
  );
}

/** Compares a machine with its replica; returns what was found, and the newest point it holds of. */
export function* verify(
  { machine, replicator }: Entry,
): Task<{ readonly found: Verification; readonly point: PointId | undefined }> {
  if (replicator === undefined || machine.state !== "Replicating") {
    throw requestFailure(
      "wrong-state",
      `Cannot verify "${machine.name}" in state ${machine.state}`,
      "Only a machine that is replicating can be compared with its replica",
    );
  }
  const found = yield* replicator.verify();
  return { found, point: replicator.base };
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
