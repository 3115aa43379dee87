/**
 * Retention: which points go, and how a point goes without changing another (R7).
 *
 * The undo file of a point leads from it back to the next older one. So the undo file that the oldest
 * point needs is that of its successor, which is simply removed with it; and the undo file of a point
 * in the middle is what all older ones still need: it is merged into that of its successor, older
 * contents winning.
 *
 * A point that retention does not keep (`kept_points.ts`) is *gone* at once: listed no more, read no more.
 * Its undo file is merged later (`due_merge.ts`), so that each is rewritten a few times in its life and
 * not once for every point that comes after it. What is gone follows from the list of points, so nothing
 * has to be written for it and a restart finds the same.
 *
 * Rule: new file durable → state → old removed. A damaged undo file is never merged (R5), the newest
 * applied point and everything staged never go, and whoever holds a point keeps it.
 *
 * @module
 */

import { isFailed, localFailure } from "../base/failure.ts";
import type { PointId } from "../base/units.ts";
import type { Task } from "../runtime/task.ts";
import { pointBounds } from "./bounds.ts";
import { dueMerge } from "./due_merge.ts";
import type { ExtentFile } from "./extent_file.ts";
import { keptPlaces } from "./kept_points.ts";
import type { PointRecord } from "./recovery_point.ts";
import type { ReplicaFiles } from "./replica_files.ts";
import { openUndo, undoMetadata, undoName, UndoWriter } from "./undo_file.ts";
import { mergeUndos } from "./undo_merge.ts";

/** Lets the points go that retention does not keep, and merges what is due; returns those that went. */
export function* prune(files: ReplicaFiles): Task<readonly PointId[]> {
  // Nothing goes on the word of a state that may be older than its disks.
  if (files.state.suspect) return files.untold.splice(0);
  letGo(files);
  yield* dropOldest(files, goneAtTheEnd(files));
  for (let due = dueMerge(files); due !== undefined; due = dueMerge(files)) {
    yield* dropBetween(files, due.from, due.into);
  }
  yield* dropDisks(files);
  return files.untold.splice(0);
}

/**
 * Removes the files of disks that no listed point has: they were taken out of their machine, or are not
 * replicated any more. One that was adopted where it lies is let go and stays. Crash before the state: nothing. After: a file of which the state says that it is gone,
 * which the next opening removes.
 */
function* dropDisks(files: ReplicaFiles): Task<void> {
  if (files.applyOpen) return;
  for (const [index, disk] of files.disks.entries()) {
    if (files.needed(index) || files.state.released || disk.size === 0) continue;
    yield* files.dropDisk(index);
  }
}

/** Drops the oldest point to make room, if nobody needs it (R10); needs no space itself. */
export function* shed(files: ReplicaFiles): Task<readonly PointId[]> {
  // Nothing goes on the word of a state that may be older than its disks.
  if (files.state.suspect) return [];
  const oldest = files.state.points[0];
  if (oldest === undefined || files.state.applied < 2 || files.held(oldest.id)) return [];
  if (!files.gone.has(oldest.id)) files.untold.push(oldest.id);
  yield* dropOldest(files, 1);
  return files.untold.splice(0);
}

/**
 * Finds what retention does not keep; from here on it is not listed. Of points that are read wrongly and
 * of those that are not, each keeps its own: a damaged point does not stand for a period that has a whole one.
 */
export function letGo(files: ReplicaFiles): void {
  const { points, applied, retention, sizes } = files.state;
  const { kept: most } = pointBounds(sizes.length);
  const broken = files.broken();
  const whole = [...points.keys()].filter((place) => broken[place] === undefined);
  const kept = keptPlaces(points, retention, most);
  if (whole.length < points.length) {
    const alone = whole.map((place) => points[place] as PointRecord);
    for (const place of keptPlaces(alone, retention, most)) kept.add(whole[place] as number);
  }
  const gone = new Set<PointId>();
  for (let place = 0; place < applied - 1; place++) {
    const { id } = points[place] as PointRecord;
    if (kept.has(place) || files.held(id)) continue;
    gone.add(id);
    if (!files.gone.has(id)) files.untold.push(id);
  }
  files.gone = gone;
}

/** How many points, from the oldest, are gone: nobody is older and needs their undo files. */
function goneAtTheEnd(files: ReplicaFiles): number {
  return files.state.points.findIndex(({ id }) => !files.gone.has(id));
}

function* dropOldest(files: ReplicaFiles, count: number): Task<void> {
  if (count < 1) return;
  const oldest = files.state.points.slice(0, count);
  const next = files.state.points.slice(1, count + 1);
  for (const { id } of oldest) files.dropping.add(id);
  // Crash before: the points are there as they were. After: the undo files lead back to points that are
  // not listed and are removed when the replica is opened. Should the state fail, nothing has happened.
  try {
    yield* files.commit((state) => ({
      ...state,
      points: state.points.slice(count),
      applied: state.applied - count,
    }));
    for (const { id } of oldest) files.gone.delete(id);
  } finally {
    for (const { id } of oldest) files.dropping.delete(id);
  }
  for (const { id } of next) yield* removeUndo(files, id);
}

function* removeUndo(files: ReplicaFiles, point: PointId): Task<void> {
  const undo = files.undos.get(point);
  files.undos.delete(point);
  if (undo !== undefined && typeof undo !== "string") yield* undo.retire();
  yield* files.undo.remove(undoName(point));
}

/** Drops the points at `from` to before `into`, all of them gone; `into` is who leads back past them then. */
function* dropBetween(files: ReplicaFiles, from: number, into: number): Task<void> {
  const points = files.state.points.slice(from, into);
  const next = files.state.points[into] as PointRecord;
  for (const { id } of points) files.dropping.add(id);
  let renamed = false;
  try {
    const merged = yield* mergeUndo(files, points, next);
    // Crash before: the temporary file is removed when the replica is opened. After: the undo file of
    // the next point leads back past these, by which opening knows that they were dropped.
    renamed = true;
    yield* finishDrop(files, points, next, merged);
  } finally {
    // Once the merged file may have its name the points are on their way out, and stay so until the
    // state says it: dropping them is tried again, from the files that are still open.
    if (!renamed) { for (const { id } of points) files.dropping.delete(id); }
  }
}

function* finishDrop(
  files: ReplicaFiles,
  points: readonly PointRecord[],
  next: PointRecord,
  merged: ExtentFile,
): Task<void> {
  const before = files.undos.get(next.id);
  const dropped = new Set(points.map(({ id }) => id));
  let swapped = false;
  try {
    // That the delta of the next point is gone says that its apply had ended. Removing it was not made durable, and
    // a file that leads past another point tells nothing else of that to a state that is older (R11).
    yield* files.staging.flush();
    yield* files.undo.rename(temporaryName(next), undoName(next.id));
    yield* files.undo.flush();
    yield* files.commit((state) => ({
      ...state,
      points: state.points.filter(({ id }) => !dropped.has(id)),
      applied: state.applied - dropped.size,
    }));
    files.undos.set(next.id, merged);
    for (const id of dropped) {
      files.dropping.delete(id);
      files.gone.delete(id);
    }
    swapped = true;
  } finally {
    if (!swapped) yield* merged.retire();
  }
  if (before !== undefined && typeof before !== "string") yield* before.retire();
  for (const id of dropped) yield* removeUndo(files, id);
}

function temporaryName(point: PointRecord): string {
  return `${point.id}.tmp`;
}

/** Writes what leads from `next` back past `points`, durable under a temporary name. */
function* mergeUndo(
  files: ReplicaFiles,
  points: readonly PointRecord[],
  next: PointRecord,
): Task<ExtentFile> {
  const temporary = temporaryName(next);
  const [oldest] = points as [PointRecord];
  const undos = [...points, next].map(({ id }) => files.undos.get(id) as ExtentFile);
  const { machine } = files.state;
  const elder = files.state.points[files.state.points.indexOf(oldest) - 1] as PointRecord;
  const back = undoMetadata(undos[0] as ExtentFile)?.back ?? elder;
  const { context, undo } = files;
  const writer = yield* UndoWriter.create(undo, temporary, context, machine, next.id, back.id);
  try {
    yield* mergeUndos(writer, undos);
    yield* writer.finish(next, back, files.state);
  } catch (error) {
    if (isFailed(error, "no-space", "damaged")) yield* undo.remove(temporary);
    throw error;
  } finally {
    yield* writer.close();
  }
  const merged = yield* openUndo(context, undo, temporary, `undo/${undoName(next.id)}`);
  if (typeof merged === "string") throw localFailure("damaged", merged, "Check the disk under it");
  return merged;
}
