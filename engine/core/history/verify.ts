/**
 * Verification: the newest applied point against its set digests, and what becomes of suspicion (R9).
 *
 * @module
 */

import { localFailure } from "../base/failure.ts";
import type { Task } from "../runtime/task.ts";
import type { ReplicaFiles } from "./replica_files.ts";
import { scanDigests } from "./scan_digests.ts";
import { filedSizes } from "./store_state.ts";

/**
 * Reads the newest applied point and compares it with its set digests. Returns what differs, in words,
 * nothing when all is well: then the disks are not suspect any more.
 */
export function* verify(files: ReplicaFiles): Task<readonly string[]> {
  const point = files.appliedPoint;
  if (point === undefined) {
    throw localFailure(
      "wrong-state",
      "There is no recovery point to verify",
      'Wait for the first one, or find out at the primary why none comes: "warmsite replication status"',
    );
  }
  const found = yield* scanDigests(files, files.applyOpen ? point.id : undefined);
  const differences: string[] = [];
  const sizes = filedSizes(point);
  for (const [index, digest] of found.entries()) {
    // What a file holds of a disk that the point does not have counts for nothing, unless later ones build on it.
    if ((sizes[index] ?? 0) === 0) continue;
    const known = point.digests[index];
    if (digest === known) continue;
    // Of disks that were adopted the first look tells the digest, unless somebody else wrote to them.
    if (known === "" && !files.state.suspect) continue;
    differences.push(`Disk ${index} does not hold recovery point ${point.id}`);
  }
  if (differences.length > 0) return differences;
  const stamps = yield* files.stamps();
  yield* files.commit((state) => {
    const points = state.points.map((each) => {
      if (each.id !== point.id) return each;
      return { ...each, digests: each.digests.map((known, disk) => found[disk] ?? known) };
    });
    return { ...state, points, stamps, suspect: false };
  });
  files.notes.delete("older");
  return differences;
}
