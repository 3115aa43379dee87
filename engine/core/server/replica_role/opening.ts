/**
 * How the machines that lie in the places of this server are opened at its start, and those later whose file system
 * was not mounted then.
 *
 * Rule: one that cannot be opened keeps no other from its work, and nothing of it is removed, unless a crash left it
 * in the making.
 *
 * @module
 */

import { type Failed, isFailed, localFailure } from "../../base/failure.ts";
import { SECOND } from "../../base/units.ts";
import { isBlank } from "../../history/blank.ts";
import { MissingDisk } from "../../history/create_replica.ts";
import { ReplicaStore } from "../../history/replica_store.ts";
import type { Task } from "../../runtime/task.ts";
import { holdsDisksOnly, strip } from "../replica_folder.ts";
import type { ReplicaHome } from "../replica_places.ts";
import type { ReplicaMachines } from "./machines.ts";

/** How often a storage location or a disk that was missing is looked for, µs. */
const LOOK_AGAIN = 10 * SECOND;

/** Opens every machine that is here, and goes on looking for those whose location or disk is missing. */
export function* openMachines(machines: ReplicaMachines): Task<void> {
  for (const name of yield* machines.places.list()) yield* openMachine(machines, name);
  yield* machines.copies.open((name) => machines.has(name));
  machines.scope.spawn("missing", lookAgain(machines));
}

/**
 * Opens one machine; what speaks against it stands in the list of the unopened. `cancels`: without its failover,
 * which is cancelled.
 */
export function* openMachine(
  machines: ReplicaMachines,
  name: string,
  cancels = false,
): Task<void> {
  let home: ReplicaHome | undefined;
  try {
    home = yield* machines.places.find(name);
    if (home !== undefined && (yield* isElsewhere(machines, home, name))) home = undefined;
    const store = home === undefined ? undefined : yield* openStore(machines, home, name);
    if (store !== undefined) yield* machines.take(store, home as ReplicaHome, undefined, cancels);
    machines.unopened.delete(name);
    machines.waiting.delete(name);
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    if (machines.primary.rival(name) !== undefined) {
      // What is left of it in this role goes with the next start; nobody is to remove it as a replica, for
      // its disk files are the machine's.
      machines.waiting.delete(name);
      machines.unopened.delete(name);
      machines.ports.observer.emit({ kind: "failure", machine: name, failure: error.failure });
      return;
    }
    machines.unopened.set(name, error.failure);
    const missing = home === undefined && error.code === "not-found";
    if (missing || error instanceof MissingDisk) {
      machines.waiting.add(name);
      machines.whenWaiting.notify();
    } else machines.waiting.delete(name);
  }
}

/**
 * True for a machine that is not replicated to here any more: its record in the other role decides, or
 * only its disk files are left. What else is here is of a change of roles that a crash cut short.
 */
function* isElsewhere(
  machines: ReplicaMachines,
  { folder }: ReplicaHome,
  name: string,
): Task<boolean> {
  if (machines.primary.rival(name) === undefined) return yield* holdsDisksOnly(folder);
  if (machines.primary.opened(name)) yield* strip(folder);
  return true;
}

/** A file system that is mounted after the start brings its machines back without a restart. */
function* lookAgain(machines: ReplicaMachines): Task<void> {
  const { waiting, whenWaiting } = machines;
  for (;;) {
    yield* whenWaiting.until(() => waiting.size > 0);
    yield* machines.ports.clock.sleep(LOOK_AGAIN);
    yield* machines.creating.during(openWaiting(machines));
  }
}

function* openWaiting(machines: ReplicaMachines): Task<void> {
  for (const name of [...machines.waiting]) {
    if (machines.closed || !machines.waiting.has(name)) continue;
    yield* machines.reserve(name, openMachine(machines, name));
  }
}

/**
 * A crash while a machine was being created leaves a folder that nobody was told of: no state at all,
 * or a state without a relationship and without a point. Everything else is kept, whatever is wrong.
 */
function* openStore(
  machines: ReplicaMachines,
  { folder }: ReplicaHome,
  name: string,
): Task<ReplicaStore | undefined> {
  try {
    const store = yield* ReplicaStore.open(machines.ports, folder, machines.cache());
    const untold = store.extra === null && store.points.length === 0 && store.seed === undefined;
    if (!untold) return store;
    yield* store.close();
  } catch (error) {
    if (!isFailed(error, "not-found")) throw error;
    if (!(yield* isBlank(folder))) throw unreadable(name, error);
  }
  yield* machines.places.remove(name);
  return undefined;
}

/** There are contents, so this is no replica that a crash cut short in the making (R11). */
function unreadable(name: string, { failure }: Failed): Failed {
  return localFailure(
    "damaged",
    `Cannot open the replica of "${name}": ${failure.message}`,
    "Put back what is missing, state.0 or a disk, from a backup; or remove it and seed it again",
  );
}
