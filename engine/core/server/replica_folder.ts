/**
 * The folder of a machine in `replicas/` once the machine is not replicated to here any more.
 *
 * @module
 */

import { diskName, setAside } from "../history/raw_disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";

/** Disk files and what lies beside them while a machine runs on them. */
const DISK_FILE = /^(disk-\d+\.raw(\.hrl|\.hrl\.new|\.cow)?|former-\d+(\.\d+)?\.raw)$/;

/**
 * Removes everything of a replica but the disk files, which are the machine. Crash in here: the rest is
 * removed at the next start; the machine's record in the other role was durable before.
 */
export function* strip(folder: Folder): Task<void> {
  // The states first: without them nothing takes what is left for a replica.
  const names = (yield* folder.list()).filter((name) => !DISK_FILE.test(name));
  const states = names.filter((name) => name.startsWith("state."));
  for (const name of states) yield* folder.remove(name);
  if (states.length > 0) yield* folder.flush();
  for (const name of names) if (!states.includes(name)) yield* folder.remove(name);
  yield* folder.flush();
}

/**
 * Puts aside the files of disks that the machine had here and its replica has not, before one is made in their place.
 * Crash in here: none of its points has such a disk yet, and the next opening goes on.
 */
export function* setFormerAside(folder: Folder, sizes: readonly number[]): Task<void> {
  const names = yield* folder.list();
  for (const [index, size] of sizes.entries()) {
    if (size === 0 && names.includes(diskName(index))) yield* setAside(folder, index);
  }
}

/** True for a folder with disk files and nothing else: a machine's that was a replica here once. */
export function* holdsDisksOnly(folder: Folder): Task<boolean> {
  const names = yield* folder.list();
  return names.length > 0 && names.every((name) => DISK_FILE.test(name));
}
