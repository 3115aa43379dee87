/**
 * The raw disks of a replica by index: their names, and how they are read where a file is shorter than its
 * disk may be.
 *
 * Rule: what no file holds reads as zeros. A disk that grew, or that is new, has a longer file only once
 * something is written there. Nothing here writes.
 *
 * @module
 */

import { type Failed, requestFailure } from "../base/failure.ts";
import type { Extent } from "../block/extent.ts";
import type { Disk } from "../ports/disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { UnopenedDisk } from "./unopened_disk.ts";

/** The name of the raw disk `index`. */
export function diskName(index: number): string {
  return `disk-${index}.raw`;
}

/** What a file is called that is no raw disk of the replica and lay where one would. */
export const FORMER_DISK = /^former-\d+(\.\d+)?\.raw$/;

/**
 * Puts aside a file that has the name of the raw disk `index` and is none: the machine ran on it here, and it was taken
 * out, or is left out of replication. It is the administrator's. Crash in here: it has one of the two names.
 */
export function* setAside(folder: Folder, index: number): Task<void> {
  const names = yield* folder.list();
  let name = `former-${index}.raw`;
  for (let number = 2; names.includes(name); number++) name = `former-${index}.${number}.raw`;
  yield* folder.rename(diskName(index), name);
  yield* folder.flush();
}

/** Reads `length` bytes at `at`, zeros behind the end of the file; owned by the caller. */
export function* readRaw(disk: Disk | undefined, at: number, length: number): Task<Uint8Array> {
  const within = Math.max(0, Math.min(length, (disk?.size ?? 0) - at));
  if (disk !== undefined && within === length) return yield* disk.read(at, length);
  const bytes = new Uint8Array(length);
  if (disk !== undefined && within > 0) bytes.set(yield* disk.read(at, within));
  return bytes;
}

/** Extents of `[at, at + length)` that may hold other than zeros. */
export function* allocatedRaw(
  disk: Disk | undefined,
  at: number,
  length: number,
): Task<readonly Extent[]> {
  const within = Math.max(0, Math.min(length, (disk?.size ?? 0) - at));
  return disk === undefined || within === 0 ? [] : yield* disk.allocated(at, within);
}

/** Stands where no file is: no byte long. */
export class AbsentDisk extends UnopenedDisk {
  constructor() {
    super(0, { device: "", inode: "", size: 0, changed: "", stamped: true });
  }

  protected override refusal(): Failed {
    return requestFailure(
      "out-of-range",
      "No disk of this index is here",
      'Look at "warmsite points show" for the disks that a recovery point has',
    );
  }
}
