/**
 * Failovers of machines that are replicated to here, and tests of them: begun, ended, offered to guests.
 *
 * Rule: each is called by whoever alone changes the machine.
 *
 * @module
 */

import { Failed, requestFailure } from "../../base/failure.ts";
import type { PointId } from "../../base/units.ts";
import { Failover } from "../../failover/failover.ts";
import type { TestFailover } from "../../failover/test_failover.ts";
import type { Task } from "../../runtime/task.ts";
import { exportName } from "../exports.ts";
import type { Entry, ReplicaMachines } from "./machines.ts";
import { openMachine } from "./opening.ts";

/** Starts a failover and offers its disks; `promised`: the one that the primary was promised. */
export function* startFailover(
  machines: ReplicaMachines,
  entry: Entry,
  point: PointId | undefined,
  how: { readonly unverified: boolean; readonly promised: boolean },
): Task<Failover> {
  const { machine, home } = entry;
  const { unverified, promised } = how;
  const failover = yield* Failover.start(machine, home.folder, point, unverified, promised);
  entry.failover = failover;
  machines.offer(failover);
  return failover;
}

/** Cancels a failover: its disks are withdrawn and what was written to them is dropped. */
export function* cancelFailover(machines: ReplicaMachines, entry: Entry): Task<void> {
  const failover = machines.failedOver(entry);
  entry.machine.stateAfter("cancel-failover");
  yield* machines.withdraw(failover);
  yield* failover.cancel();
  entry.failover = undefined;
}

/**
 * Cancels the failover of a machine that cannot be opened, for the disks of its failover are damaged: it is opened
 * without them. What else keeps it from being opened is thrown, and changes nothing.
 */
export function* cancelUnopened(machines: ReplicaMachines, name: string): Task<void> {
  yield* machines.creating.during(machines.reserve(name, openWithout(machines, name)));
}

function* openWithout(machines: ReplicaMachines, name: string): Task<void> {
  // It may have been opened meanwhile, with its failover.
  if (!machines.unopened.has(name)) throw busy(name);
  yield* openMachine(machines, name, true);
  const failure = machines.unopened.get(name);
  if (failure !== undefined) throw new Failed(failure);
}

function busy(name: string): Failed {
  return requestFailure("busy", `"${name}" is being opened`, "Try again");
}

/** The failover that may be completed: one that is not, or that failed behind the record of it and has the rest to do. */
export function completable(machines: ReplicaMachines, entry: Entry): Failover {
  const { failover, machine } = entry;
  const rest = failover !== undefined && machine.state === "FailedOver";
  if (!rest) machine.stateAfter("complete-failover");
  return machines.failedOver(entry);
}

/** Completes a failover. Refused while a guest is attached: its machine must be off. */
export function* completeFailover(machines: ReplicaMachines, entry: Entry): Task<void> {
  const failover = completable(machines, entry);
  const { name } = entry.machine;
  entry.tests.refuseWhileThere("complete the failover of");
  for (const { index } of failover.disks) {
    if (machines.exports.clients(exportName(name, index)) === 0) continue;
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
  yield* machines.finishComplete(entry);
}

/** Makes a test failover and offers its disks. */
export function* startTest(
  machines: ReplicaMachines,
  entry: Entry,
  point: PointId | undefined,
  unverified: boolean,
): Task<TestFailover> {
  const test = yield* entry.tests.create(point, unverified);
  machines.offerTest(test);
  entry.machine.monitoring.noteTest(test.startedAt);
  return test;
}

/** Withdraws the disks of a test and removes all of it. */
export function* deleteTest(machines: ReplicaMachines, { tests }: Entry, name: string): Task<void> {
  const test = tests.named(name);
  for (const { index } of test.disks) yield* machines.exports.withdraw(exportName(name, index));
  yield* tests.delete(test);
}
