/**
 * Room for an initial replication, looked for before anything is sent (R10).
 *
 * @module
 */

import { localFailure } from "../base/failure.ts";
import { MiB } from "../base/units.ts";
import type { Disk } from "../ports/disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";

/**
 * Fails with `no-space` when `folder` has no room for `bytes` more of the machine `name`. That is what its
 * disks take at the primary: whoever lacks it now fails for certain, unless it is written zeros.
 */
export function* refuseWithoutRoom(folder: Folder, name: string, bytes: number): Task<void> {
  const free = yield* folder.free();
  if (free >= bytes) return;
  throw localFailure(
    "no-space",
    `No room for "${name}": its disks take ${megabytes(bytes)} MiB more, and ${folder.path} has ` +
      `${Math.floor(free / MiB)} MiB left`,
    "Free space there, or replicate to another server; the next attempt looks again",
  );
}

/** Bytes that disks take already. */
export function* taken(disks: readonly Disk[]): Task<number> {
  let bytes = 0;
  for (const disk of disks) {
    for (const { length } of yield* disk.allocated(0, disk.size)) bytes += length;
  }
  return bytes;
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / MiB);
}
