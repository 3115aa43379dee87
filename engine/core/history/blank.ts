/**
 * Whether a replica's folder holds anything that somebody could miss.
 *
 * Rule: a replica that a crash cut short in the making is removed without asking, and only that one: a
 * damaged state must never make a replica with contents look like it.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";

/** True when no undo file, no delta and no byte of a raw disk is in `folder`. */
export function* isBlank(folder: Folder): Task<boolean> {
  for (const name of yield* folder.list()) {
    if (name === "undo" || name === "staging") {
      const inner = yield* folder.folder(name);
      if ((yield* inner.list()).length > 0) return false;
    } else if (name.endsWith(".raw") && !(yield* isBlankDisk(folder, name))) return false;
  }
  return true;
}

function* isBlankDisk(folder: Folder, name: string): Task<boolean> {
  try {
    const disk = yield* folder.openDisk(name);
    try {
      return (yield* disk.allocated(0, disk.size)).length === 0;
    } finally {
      yield* disk.close();
    }
  } catch (error) {
    // Who cannot look must not remove.
    if (isFailed(error) && error.code !== "cancelled") return false;
    throw error;
  }
}
