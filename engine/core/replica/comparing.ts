/**
 * Answering a comparison: which units of a disk the newest point has otherwise than the primary (L3).
 *
 * Rule: a question is hostile until it is checked: its units are those of the digest tree over this
 * machine's blocks, they lie on the disk, and all of them together are no more than is read for one answer.
 *
 * @module
 */

import { brokenProtocol } from "../base/failure.ts";
import type { ReplicaStore } from "../history/replica_store.ts";
import { isTreeUnit, QUESTION_BYTES } from "../lineage/digest_tree.ts";
import type { Task } from "../runtime/task.ts";
import { type Compare, COMPARE_DIGEST_SIZE, type Compared } from "../wire/compare.ts";

/** The answer to `compare`; `protocol-violation` when it does not lie on the disk's units. */
export function* answerTo(store: ReplicaStore, compare: Compare): Task<Compared> {
  const { disk, unit, at, count, digests } = compare;
  // Only the last unit may reach beyond the end of the disk.
  const size = store.sizes[disk] ?? 0;
  const length = Math.min(unit * count, size - at);
  const sound = isTreeUnit(unit, store.geometry.blockSize) && at % unit === 0 &&
    length > unit * (count - 1) && length <= QUESTION_BYTES;
  if (!sound) {
    throw brokenProtocol("A comparison does not lie on the disk's blocks");
  }
  const ours = yield* store.blockDigests(disk, at, length, unit);
  const differs = new Uint8Array(Math.ceil(count / 8));
  for (let index = 0; index < count; index++) {
    if (!sameDigest(ours, index * 32, digests, index * COMPARE_DIGEST_SIZE)) {
      differs[index >>> 3] = (differs[index >>> 3] ?? 0) | (1 << (index & 7));
    }
  }
  return { disk, unit, at, count, differs };
}

function sameDigest(left: Uint8Array, from: number, right: Uint8Array, start: number): boolean {
  for (let at = 0; at < COMPARE_DIGEST_SIZE; at++) {
    if (left[from + at] !== right[start + at]) return false;
  }
  return true;
}
