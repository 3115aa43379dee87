/**
 * Set digests by looking: of the raw disks, or of a point through its view (R6, R9).
 *
 * @module
 */

import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import { type PointId, toHex } from "../base/units.ts";
import { accumulateSetDigest, DIGEST_SIZE } from "../ports/codec.ts";
import type { Task } from "../runtime/task.ts";
import { readPoint } from "./point_view.ts";
import type { ReplicaFiles } from "./replica_files.ts";

/** The set digest of every disk in hex: of what the raw disks hold, or of `point` as views read it. */
export function* scanDigests(files: ReplicaFiles, point?: PointId): Task<string[]> {
  const { codec, blockSize } = files.context;
  const digests: string[] = [];
  for (const [index, disk] of files.disks.entries()) {
    const sum = new Uint8Array(DIGEST_SIZE);
    for (let at = 0; at < disk.size; at += EXTENT_SIZE_MAX) {
      const length = Math.min(EXTENT_SIZE_MAX, disk.size - at);
      // A hole in the raw disk says nothing about a point that lies under other files.
      if (point === undefined && (yield* disk.allocated(at, length)).length === 0) continue;
      const bytes = point === undefined
        ? yield* disk.read(at, length)
        : yield* readPoint(files, point, index, at, length);
      accumulateSetDigest(sum, yield* codec.setDigest(at, bytes, blockSize), 1);
    }
    digests.push(toHex(sum));
  }
  return digests;
}
