/**
 * What a completed failover leaves for whoever replicates back: beside each raw disk a replication log,
 * whose base is the chosen point and whose bits are all that differs from it (L2).
 *
 * The logs are written when the merged delta is applied and before the record says that the failover is
 * complete: from then on the undo files go, which tell the same. A crash in here leaves logs that are
 * made again. They hold for as long as nobody writes to the disks but us: whoever starts the machine from
 * its files changes their times, and the logs then lead to a comparison (T6).
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import type { MachineId } from "../base/units.ts";
import { Bitmap } from "../block/bitmap.ts";
import type { PointView } from "../history/point_view.ts";
import { type Branch, branchAt } from "../lineage/branch.ts";
import type { Ports } from "../ports/ports.ts";
import type { ReplicaMachine } from "../replica/replica_machine.ts";
import type { Task } from "../runtime/task.ts";
import { interrupted } from "../runtime/together.ts";
import { removeLeft } from "../tracking/left_log.ts";
import { TrackedDisk } from "../tracking/tracked_disk.ts";

/** Where disks lie that are not in their replica's folder, by index; null for the others. */
type Paths = readonly (string | null)[];

/**
 * Writes the logs of all disks, `view` being that of the chosen point, everything staged being applied.
 * `undefined` when they could not be written: then failback compares.
 */
export function* recordBranch(machine: ReplicaMachine, view: PointView): Task<Branch | undefined> {
  const { store, ports, tracking } = machine;
  const { geometry, points } = store;
  const options = { ...tracking, geometry, machine: store.machine };
  try {
    for (const [disk, guest] of store.rawDisks.entries()) {
      if (guest.disk.size === 0) continue;
      const changed = new Bitmap(Math.ceil(guest.disk.size / geometry.blockSize));
      yield* view.changedRuns(disk, ({ at, length }) => {
        const end = Math.min(changed.size, (at + length) / geometry.blockSize);
        if (at / geometry.blockSize < end) changed.set(at / geometry.blockSize, end);
      });
      const since = { base: view.point, changed };
      yield* TrackedDisk.createSince(ports, guest, { ...options, disk }, since);
    }
  } catch (error) {
    // A failover never waits for what is optional: no room for a log, for instance (R10).
    if (!isFailed(error) || error.code === "cancelled") throw error;
    ports.observer.emit({ kind: "failure", machine: machine.name, failure: error.failure });
    return undefined;
  }
  const place = points.findIndex(({ id }) => id === view.point);
  return branchAt(view.point, points.slice(place + 1, -1).map(({ id }) => id));
}

/**
 * Removes, durably, what this and a demotion leave beside disks that outlive their replica: who adds them to another
 * machine finds no log of this one. The disks are not touched, and may be in use. What cannot be removed is told, and
 * keeps nobody from removing the replica: such a log is replaced by whoever tracks the disk next.
 */
export function* forgetLogs(
  ports: Ports,
  name: string,
  machine: MachineId,
  paths: Paths,
): Task<void> {
  for (const [disk, path] of paths.entries()) {
    if (path === null) continue;
    try {
      yield* removeLeft(ports, yield* ports.logPlace(path), machine, disk);
    } catch (error) {
      if (!isFailed(error) || (yield* interrupted())) throw error;
      // Of a disk that is gone nothing is left to lie beside.
      if (error.code === "not-found") continue;
      ports.observer.emit({ kind: "failure", machine: name, failure: error.failure });
    }
  }
}
