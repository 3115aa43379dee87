/**
 * How a replica goes from this server: with all its points, or what is left of it.
 *
 * @module
 */

import { isFailed } from "../../base/failure.ts";
import { forgetLogs } from "../../failover/branch_logs.ts";
import type { Task } from "../../runtime/task.ts";
import {
  refuseFormerDisks,
  refuseLastCopy,
  refuseWhileFailedOver,
  refuseWhilePrepared,
} from "../replica_refusals.ts";
import type { Entry, ReplicaMachines } from "./machines.ts";
import { openMachine } from "./opening.ts";

/**
 * Removes a replica with all its points. Refused while it is failed over, and while its disk files are
 * the machine's only ones; also, unless `force`, while a planned failover to it is prepared. One that cannot be
 * opened goes as it is; the path of what is left of one whose location is missing is returned.
 */
export function* remove(
  machines: ReplicaMachines,
  name: string,
  force: boolean,
): Task<string | undefined> {
  if (machines.copies.get(name) !== undefined) {
    return yield* machines.creating.during(dropCopy(machines, name));
  }
  if (machines.unopened.has(name)) {
    return yield* machines.creating.during(removeUnopened(machines, name, force));
  }
  yield* machines.alone(
    name,
    (entry) => machines.reserve(name, removeOpened(machines, entry, force)),
  );
  return undefined;
}

function* dropCopy(machines: ReplicaMachines, name: string): Task<undefined> {
  // Its primary may have come meanwhile.
  if (machines.copies.get(name) !== undefined) yield* machines.copies.drop(name);
  return undefined;
}

function* removeUnopened(
  machines: ReplicaMachines,
  name: string,
  force: boolean,
): Task<string | undefined> {
  // Its location may have come back, and the machine with it.
  if (!machines.unopened.delete(name)) return yield* remove(machines, name, force);
  machines.waiting.delete(name);
  return yield* machines.reserve(name, dropPlace(machines, name));
}

function* removeOpened(
  machines: ReplicaMachines,
  { machine, scope, home, tests }: Entry,
  force: boolean,
): Task<void> {
  refuseWhileFailedOver(machine);
  if (!force) refuseWhilePrepared(machine);
  machine.stateAfter("disable");
  tests.refuseWhileThere("remove the replica of");
  yield* refuseFormerDisks(machine.name, home.folder);
  if (machine.state === "FailedOver") yield* refuseLastCopy(machine, home.folder);
  machines.entries.delete(machine.name);
  yield* scope.cancel();
  yield* machine.close();
  // Before the replica goes, which alone knows where they are. A crash in between leaves a replica that is removed
  // again; reversed instead, its failback compares.
  const { adopted, machine: id } = machine.store;
  yield* forgetLogs(machines.ports, machine.name, id, adopted);
  yield* dropPlace(machines, machine.name);
}

/**
 * Removes what is on disk. Where that fails, the machine is what the next start would make of it: a replica as
 * before, gone, or one that cannot be opened and is to be removed again.
 */
function* dropPlace(machines: ReplicaMachines, name: string): Task<string | undefined> {
  try {
    return yield* machines.places.remove(name);
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    yield* openMachine(machines, name);
    throw error;
  }
}
