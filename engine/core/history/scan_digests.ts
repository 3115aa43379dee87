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

/**
 * The set digest of every disk that the state has a size of, in hex: of what the raw disks hold, or of `point` as views read
 * it. Of one without a file, for it was left out before anything was written to it, that of nothing.
 */
export function* scanDigests(files: ReplicaFiles, point?: PointId): Task<string[]> {
  const { codec, blockSize } = files.context;
  const digests: string[] = [];
  for (const index of files.state.sizes.keys()) {
    const disk = files.disks[index];
    const size = disk?.size ?? 0;
    const sum = new Uint8Array(DIGEST_SIZE);
    for (let at = 0; at < size; at += EXTENT_SIZE_MAX) {
      const length = Math.min(EXTENT_SIZE_MAX, size - at);
      // A hole in the raw disk says nothing about a point that lies under other files.
      const raw = point === undefined ? disk : undefined;
      if (raw !== undefined && (yield* raw.allocated(at, length)).length === 0) continue;
      const bytes = raw === undefined
        ? yield* readPoint(files, point as PointId, index, at, length)
        : yield* raw.read(at, length);
      accumulateSetDigest(sum, yield* codec.setDigest(at, bytes, blockSize), 1);
    }
    digests.push(toHex(sum));
  }
  return digests;
}
