/**
 * Room for an initial replication, and for the points that are to be kept, looked for before anything is
 * sent (R10).
 *
 * @module
 */

import { localFailure, requestFailure } from "../base/failure.ts";
import { MiB, SECOND } from "../base/units.ts";
import type { Disk } from "../ports/disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { pointsOf, type Retention, retentionText } from "../wire/retention.ts";
import { pointBounds } from "./bounds.ts";

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

/**
 * Fails with `bad-argument` when a retention comes to more points of a machine with `disks` disks than a
 * replica can list, with one every `frequency` µs.
 */
export function refuseTooManyPoints(retention: Retention, frequency: number, disks: number): void {
  const points = pointsOf(retention, frequency);
  const { kept } = pointBounds(disks);
  if (points <= kept) return;
  throw requestFailure(
    "bad-argument",
    `"${retentionText(retention)}" comes to ${points} recovery points with one every ` +
      `${frequency / SECOND} s, and a replica keeps ${kept} of a machine with ${disks} disks`,
    'Choose a coarser first tier, e.g. "5m 2h, hourly 1d", or a longer frequency',
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
