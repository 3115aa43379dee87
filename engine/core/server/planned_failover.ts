/**
 * Planned failover from its first step to its last, on both servers (L4, M48).
 *
 * Rule: every step is durable before the next one begins, and can be asked for again: whoever is cut short
 * anywhere prepares again, or cancels.
 *
 * @module
 */

import { type Failed, isFailed, localFailure, requestFailure } from "../base/failure.ts";
import { MILLISECOND, MINUTE, type PointId, SECOND } from "../base/units.ts";
import { refuseUnlessOff } from "../failover/machine_off.ts";
import type { PrimaryMachine } from "../primary/machine.ts";
import type { ReplicaMachine } from "../replica/replica_machine.ts";
import { newSettings } from "../relationship/setting_table.ts";
import { checkSettings, type RelationshipSettings } from "../relationship/settings.ts";
import { retentionText } from "../wire/retention.ts";
import type { Task } from "../runtime/task.ts";
import { oweStart, startMoved } from "./moved_start.ts";
import { endTests, powered } from "./power.ts";
import type { Server } from "./server.ts";

/** How long the replica may take to become the primary after it has promised to, µs. */
const TAKING_MAX = 2 * MINUTE;
/** How long is waited for the first point that comes back, µs. */
const PROTECTED_MAX = 30 * SECOND;
/** How long the replica waits before it tries again what it owes and could not do, µs. */
export const TRY_AGAIN = 10 * SECOND;
const LOOK = 100 * MILLISECOND;

/** Prepares `vm`: locks it, sends what is left, and returns when nothing is lost by starting it there. */
export function* prepareFailover(server: Server, vm: string): Task<void> {
  const { primary } = server;
  const { machine } = primary.entry(vm);
  if (machine.state !== "PreparedForFailover") {
    machine.check("prepare-failover");
    yield* refuseUnlessOff(server.commands, powered(server, vm));
    yield* refuseUnlessReversible(server, vm, machine);
  }
  yield* primary.prepare(vm);
}

/**
 * Refused unless this server may receive from the replica afterwards: else the machine would run there
 * with nothing to protect it.
 */
function* refuseUnlessReversible(
  server: Server,
  vm: string,
  { listen }: PrimaryMachine,
): Task<void> {
  if (listen === undefined) throw oneWay(vm, "this server listens to nobody", "Give it a port");
  const replica = yield* server.primary.replicaServer(vm);
  const admission = server.authorization.wouldAccept(replica);
  if (admission.ok) return;
  throw oneWay(
    vm,
    admission.failure.message,
    'Let it in here: "warmsite server set --replica on", or ' +
      `"warmsite authorization add ${replica} --trust-group GROUP"; then ask again`,
  );
}

function oneWay(vm: string, why: string, action: string): Failed {
  return requestFailure(
    "unauthorized",
    `"${vm}" could not be replicated back to this server afterwards: ${why}`,
    action,
  );
}

/** Prepares, fails over, starts and reverses in one act; returns when this server is the replica. */
export function* failOverPlanned(server: Server, vm: string): Task<void> {
  yield* prepareFailover(server, vm);
  const { clock } = server.ports;
  yield* server.primary.giveAway(vm);
  const deadline = clock.now() + TAKING_MAX;
  // Its name is taken there before it is open: only then it can be asked for its status.
  while (!server.replica.opened(vm)) {
    // Who stops waits for nobody: what the replica has promised it does, and this side hears of it at its next start.
    server.refuseWhileStopping();
    if (clock.now() > deadline) {
      throw localFailure(
        "timed-out",
        `The replica of "${vm}" has promised to take it over, and has not yet`,
        'Look at "warmsite replication status" there; asking again waits on',
      );
    }
    yield* clock.sleep(LOOK);
  }
  // It has moved; that it is protected again comes a moment later, and who asked is told of that.
  const known = clock.now() + PROTECTED_MAX;
  while (clock.now() < known && !server.stopping && movesStill(server, vm)) {
    yield* clock.sleep(LOOK);
  }
}

function movesStill({ replica }: Server, vm: string): boolean {
  return replica.opened(vm) && replica.machine(vm).state === "FailbackInProgress";
}

/**
 * On the replica: does what it has promised, or goes on with it after a crash. What fails, for want of space or for a disk that
 * cannot be read, is tried again until it is done or cancelled: the primary's guest is off, and nobody else is asked.
 */
export function* bringUpPlanned(server: Server, vm: string): Task<void> {
  const { replica, ports } = server;
  const owed = () =>
    replica.opened(vm) &&
    (replica.machine(vm).record.planned?.taken === true || replica.reversing().includes(vm));
  while (owed()) {
    const { plannedPoint } = replica.machine(vm);
    try {
      yield* takeOver(server, vm, plannedPoint);
      return yield* startMoved(server, vm, plannedPoint);
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      ports.observer.emit({ kind: "failure", machine: vm, failure: error.failure });
    }
    yield* ports.clock.sleep(TRY_AGAIN);
  }
}

/** Fails over to the planned `point` and becomes the primary; each step may have been done before. */
function* takeOver(server: Server, vm: string, point: PointId | undefined): Task<void> {
  const { replica } = server;
  const machine = replica.machine(vm);
  // Once its failover is complete, the record of the reversal tells what is left to do.
  const underway = replica.reversing().includes(vm);
  if (machine.record.failover === undefined && machine.state !== "FailedOver") {
    yield* replica.startPromised(vm, point);
  }
  yield* endTests(server, vm);
  yield* oweStart(server, vm);
  yield* server.reverse(vm, underway ? undefined : settingsBack(machine));
}

/** The settings of a replication back: what was chosen for the machine, as far as the replica knows it. */
export function settingsBack(
  { record, store, state }: ReplicaMachine,
  to: string | undefined = record.address,
): RelationshipSettings {
  if (to === undefined) {
    throw requestFailure(
      "bad-argument",
      `The old primary "${record.primary}" has not said where it can be replicated to`,
      "Say it: --to HOST:PORT",
    );
  }
  if (record.choices !== undefined) return checkSettings({ ...record.choices, to });
  // A primary of an earlier version has told of these alone.
  const { frequency } = record;
  // A completed failover has dropped all other points: what was chosen before is not known any more.
  const kept = state === "FailedOver" ? undefined : retentionText(store.retention);
  return newSettings({ to, frequency, retention: kept ?? null });
}
