/**
 * Applying a staged delta to the raw disks (R3): the undo file first, then the mark, then the disks,
 * then the state. Half applied is a state that can be read and that a crash cannot harm (R4).
 *
 * Rule: the mark is the undo file under its final name, the folder flushed. From there on that file is
 * never made again, whatever happens; before it, no byte of the raw disks changes.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { localFailure } from "../base/failure.ts";
import { fromHex, type PointId, toHex } from "../base/units.ts";
import { accumulateSetDigest, DIGEST_SIZE } from "../ports/codec.ts";
import type { Task } from "../runtime/task.ts";
import type { ExtentFile } from "./extent_file.ts";
import type { IndexEntry } from "./extent_index.ts";
import { readRaw } from "./raw_disk.ts";
import type { PointRecord } from "./recovery_point.ts";
import type { ReplicaFiles } from "./replica_files.ts";
import { deltaName, verifyDelta } from "./sealed_delta.ts";
import { scanDigests } from "./scan_digests.ts";
import type { StoreState } from "./store_state.ts";
import { openUndo, undoMetadata, undoName, UndoWriter } from "./undo_file.ts";

/**
 * Applies the next staged delta, or finishes the apply that a crash or a failure left. Returns the
 * point that the disks hold then; `undefined` when nothing was to be done.
 */
export function* applyNext(files: ReplicaFiles): Task<PointId | undefined> {
  const point = files.nextPoint;
  if (point === undefined) return undefined;
  files.refuseSuspect();
  const delta = files.staged.get(point.id);
  if (delta === undefined || typeof delta === "string" || delta.damage !== undefined) {
    const reason = typeof delta === "string" ? delta : delta?.damage ?? "its delta is missing";
    throw localFailure(
      "damaged",
      `Cannot apply ${point.id}: ${reason}`,
      "Resynchronize the machine",
    );
  }
  delta.acquire();
  try {
    if (!files.applyOpen) {
      yield* verifyDelta(files.context, delta);
      yield* markUndo(files, point, delta);
    }
    yield* writeDisks(files, delta);
  } finally {
    yield* delta.release();
  }
  yield* finishApply(files, point);
  return point.id;
}

/** Makes the undo file, sets the mark, and lets every view know before a byte is written (R4). */
function* markUndo(files: ReplicaFiles, point: PointRecord, delta: ExtentFile): Task<void> {
  const temporary = `${point.id}.tmp`;
  // Crash in here: the raw disks are untouched; the temporary file is removed when the replica is
  // opened, and the apply begins again.
  yield* writeUndo(files, temporary, point, delta);
  const name = undoName(point.id);
  const undo = yield* openUndo(files.context, files.undo, temporary, `undo/${name}`);
  // What cannot be read back must not be relied on: no byte was written yet.
  if (typeof undo === "string") throw localFailure("damaged", undo, "Check the disk under it");
  try {
    yield* files.undo.rename(temporary, name);
  } catch (error) {
    yield* undo.retire();
    throw error;
  }
  files.undos.set(point.id, undo);
  files.version++;
}

function* writeUndo(
  files: ReplicaFiles,
  temporary: string,
  point: PointRecord,
  delta: ExtentFile,
): Task<void> {
  const { state, context } = files;
  const back = files.appliedPoint;
  assert(back !== undefined, "A delta is applied to an applied point");
  const { machine } = state;
  const writer = yield* UndoWriter.create(
    files.undo,
    temporary,
    context,
    machine,
    point.id,
    back.id,
  );
  try {
    const counted = isDoubted(state, point) ? yield* countAnew(files, back) : back.digests;
    const sums = point.sizes.map((_, disk) => sumOf(counted[disk]));
    for (let index = 0; index < delta.pages; index++) {
      const page = yield* delta.page(index);
      for (let place = 0; place < page.count; place++) {
        yield* writeOld(files, writer, delta, page.entry(place), sums);
      }
    }
    yield* writer.finish(
      {
        ...point,
        digests: sums.map((sum) => sum === undefined ? "" : toHex(sum)),
      },
      back,
      state,
    );
  } finally {
    yield* writer.close();
  }
}

/** True when `point` was staged after a comparison found the disks to differ. */
function isDoubted({ points, doubted }: StoreState, { id }: PointRecord): boolean {
  if (doubted === undefined) return false;
  // One that is not listed any more is older than all that are applied next.
  const since = points.findIndex((each) => each.id === doubted);
  return points.findIndex((each) => each.id === id) > since;
}

/**
 * The digests of what the raw disks hold, at `back`. Digests are moved on from old contents, and those of a block
 * that rotted are not the ones that were counted: what repairs it would leave the difference in them for good.
 * What `back` is listed with stays, for it says what that point was.
 */
function* countAnew(files: ReplicaFiles, back: PointRecord): Task<readonly string[]> {
  const found = yield* scanDigests(files);
  return back.digests.map((known, disk) =>
    (back.sizes[disk] ?? 0) === 0 ? known : found[disk] ?? known
  );
}

/** Saves what an extent holds, and moves its disk's set digest from the old content to the new (R6). */
function* writeOld(
  files: ReplicaFiles,
  writer: UndoWriter,
  delta: ExtentFile,
  entry: IndexEntry,
  sums: readonly (Uint8Array | undefined)[],
): Task<void> {
  const { codec, blockSize } = files.context;
  const { disk, at, length } = entry;
  const sum = sums[disk];
  const old = yield* readRaw(files.disks[disk], at, length);
  yield* writer.add(disk, at, old);
  // Of a disk that was adopted and not read yet nothing is known that could be moved on.
  if (sum === undefined) return;
  accumulateSetDigest(sum, yield* codec.setDigest(at, old, blockSize), -1);
  if (entry.kind === "zero") return;
  const content = yield* delta.content(entry);
  accumulateSetDigest(sum, yield* codec.setDigest(at, content, blockSize), 1);
}

/** Brings the raw disks to the delta's content, in the kernel. */
function* writeDisks(files: ReplicaFiles, delta: ExtentFile): Task<void> {
  // The mark: durable before the first write. After a kill or a failed flush the name may be in the
  // kernel only, so this is repeated whenever an apply goes on.
  yield* files.undo.flush();
  // In the order of points, and only behind the mark: a file that has become longer, or was not there, tells
  // of an apply that began, and is no sign that somebody else was at it (R9).
  yield* files.growDisks();
  // Crash in here: some blocks are old, some are new, torn ones included. Every one of them is in the
  // undo file and in the delta; readers believe those, and the next apply writes all of them again.
  yield* fillAll(files, delta);
}

/** Brings the raw disks to all that `source` has. */
function* fillAll(files: ReplicaFiles, source: ExtentFile): Task<void> {
  for (let index = 0; index < source.pages; index++) {
    const page = yield* source.page(index);
    for (let place = 0; place < page.count; place++) {
      yield* fill(files, source, page.entry(place));
    }
  }
}

/** Brings the raw disk to what `source` has in `entry`. */
function* fill(files: ReplicaFiles, source: ExtentFile, entry: IndexEntry): Task<void> {
  const { disk: index, at, length, kind } = entry;
  const disk = files.disks[index];
  const there = disk !== undefined && disk.size > 0 ? disk : undefined;
  if (kind === "zero") {
    // Of a disk that no point has the file may be missing, and what is not there reads as zeros.
    if (there !== undefined) yield* there.zero(at, length);
    return;
  }
  yield* (there ?? (yield* files.makeDisk(index))).write(at, yield* source.content(entry));
}

/** Makes the disks durable, says durably that they hold `point`, and removes what led there. */
export function* finishApply(files: ReplicaFiles, point: PointRecord): Task<void> {
  const undo = files.undos.get(point.id);
  const digests = undo !== undefined && typeof undo !== "string"
    ? undoMetadata(undo)?.point.digests
    : undefined;
  // An undo file that was damaged after its mark costs the older points and one look at the disks.
  const known = digests ?? (yield* scanDigests(files)).slice(0, point.sizes.length);
  // One flush for both: what the disks hold, and the stamps that the state tells of it.
  const stamps = yield* files.stamps();
  // Crash before: the apply is open and is finished again. After: the staged file is left over and
  // removed when the replica is opened.
  yield* files.commit((state) => appliedState(state, point.id, known, stamps));
  const delta = files.staged.get(point.id);
  files.staged.delete(point.id);
  if (delta !== undefined && typeof delta !== "string") yield* delta.retire();
  yield* files.staging.remove(deltaName(point.id));
}

function appliedState(
  state: StoreState,
  point: PointId,
  digests: readonly string[],
  stamps: StoreState["stamps"],
): StoreState {
  const points = state.points.map((each) => each.id === point ? { ...each, digests } : each);
  const applied = points.find(({ id }) => id === point);
  const settled = applied !== undefined && isDoubted(state, applied);
  const doubted = settled ? undefined : state.doubted;
  return { ...state, points, applied: state.applied + 1, stamps, doubted };
}

/**
 * Takes broken staged points out of the list, so that a new delta can be relative to the newest point
 * that can be read (R1, R2). An apply of the first of them that was begun is rolled back.
 */
export function* discardBroken(files: ReplicaFiles): Task<void> {
  const { points, applied } = files.state;
  const broken = files.broken();
  const first = points.findIndex((_, at) => at >= applied && broken[at] !== undefined);
  if (first < 0) return;
  const gone = points.slice(first);
  const begun = first === applied && files.applyOpen;
  if (begun) yield* rollBack(files, gone[0] as PointRecord);
  const stamps = begun ? yield* files.stamps() : files.state.stamps;
  // Crash before: the points are listed as broken, an apply begun is still open. After: their files
  // belong to no listed point and are removed when the replica is opened.
  yield* files.commit((state) => ({ ...state, points: state.points.slice(0, first), stamps }));
  for (const point of gone) {
    const delta = files.staged.get(point.id);
    files.staged.delete(point.id);
    if (delta !== undefined && typeof delta !== "string") yield* delta.retire();
    const undo = files.undos.get(point.id);
    files.undos.delete(point.id);
    if (undo !== undefined && typeof undo !== "string") yield* undo.retire();
    yield* files.staging.remove(deltaName(point.id));
    yield* files.undo.remove(undoName(point.id));
  }
  yield* files.undo.flush();
  yield* files.staging.flush();
}

/** Writes the old contents back; the undo file stays until the state says that it is not needed. */
function* rollBack(files: ReplicaFiles, point: PointRecord): Task<void> {
  const undo = files.undos.get(point.id);
  if (undo === undefined || typeof undo === "string") {
    throw localFailure(
      "damaged",
      `An apply can be neither finished nor taken back: ${undo ?? "its undo file is missing"}`,
      "Start a new initial replication of the machine",
    );
  }
  // Crash in here: the apply is still open, and readers believe the undo file.
  yield* files.growDisks();
  yield* fillAll(files, undo);
  for (const disk of files.disks) yield* disk.flush();
}

/** The set digest of a disk as a point has it; of a disk that it does not have, that of nothing. */
function sumOf(digest: string | undefined): Uint8Array | undefined {
  if (digest === undefined) return new Uint8Array(DIGEST_SIZE);
  return digest === "" ? undefined : fromHex(digest);
}
