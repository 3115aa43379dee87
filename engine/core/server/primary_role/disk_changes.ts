/**
 * How the disks of a primary's machine come, go, and are left out while it is replicated.
 *
 * @module
 */

import { requestFailure } from "../../base/failure.ts";
import type { Task } from "../../runtime/task.ts";
import { exportName } from "../exports.ts";
import type { Entry, PrimaryMachines } from "./machines.ts";

/** Adds a disk and offers it; returns its index. */
export function* addDisk(machines: PrimaryMachines, entry: Entry, path: string): Task<number> {
  machines.refuseTaken([path]);
  const { machine } = entry;
  let index = -1;
  const add = function* () {
    index = yield* machine.addDisk(path);
  };
  yield* betweenDeltas(machines, entry, add());
  // Of one that is held back the disk is offered with the others.
  if (entry.held === undefined) {
    machines.exports.offer(exportName(machine.name, index), machine.disk(index));
  }
  entry.replicator?.ask();
  return index;
}

/** Takes a disk out of its machine. Refused while a guest is attached to it. */
export function* removeDisk(machines: PrimaryMachines, entry: Entry, index: number): Task<void> {
  const { machine } = entry;
  const disk = machine.disk(index);
  const own = exportName(machine.name, index);
  machine.checkRemoval(disk);
  const offered = machines.exports.get(own) !== undefined;
  if (machines.exports.clients(own) > 0) {
    throw requestFailure(
      "busy",
      `A guest is attached to ${own}`,
      "Take the disk out of the guest first, e.g. with device_del in QEMU",
    );
  }
  yield* machines.exports.withdraw(own);
  try {
    yield* betweenDeltas(machines, entry, machine.removeDisk(index));
  } finally {
    const stays = offered && machine.disks[index] === disk;
    // Not where the machine is locked, or held back: nobody may write there (L4, L6).
    if (stays && entry.held === undefined) machines.exports.offer(own, disk);
  }
}

/** Leaves a disk out of replication, or takes it in again. */
export function* excludeDisk(
  machines: PrimaryMachines,
  entry: Entry,
  index: number,
  excluded: boolean,
): Task<void> {
  yield* betweenDeltas(machines, entry, entry.machine.excludeDisk(index, excluded));
  entry.replicator?.ask();
}

/**
 * Does `change` to the disks of a machine while nothing of them is being sent. The delta under way is begun
 * anew, with all of its blocks; nothing else is lost.
 */
function* betweenDeltas(machines: PrimaryMachines, entry: Entry, change: Task<void>): Task<void> {
  const { machine, scope, replicator } = entry;
  entry.scope = undefined;
  if (scope !== undefined) yield* scope.cancel();
  try {
    yield* change;
  } finally {
    for (const disk of machine.tracked) disk.forgetProgress();
    if (scope !== undefined) machines.replicate(entry, replicator);
  }
}
