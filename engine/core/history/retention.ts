/**
 * Retention: which points go, and how a point goes without changing another (R7).
 *
 * The undo file of a point leads from it back to the next older one. So the undo file that the oldest
 * point needs is that of its successor, which is simply removed with it; and the undo file of a point
 * in the middle is what all older ones still need: it is merged into that of its successor, older
 * contents winning.
 *
 * Rule: new file durable → state → old removed. A damaged undo file is never merged (R5), the newest
 * applied point and everything staged never go, and whoever holds a point keeps it.
 *
 * @module
 */

import { isFailed, localFailure } from "../base/failure.ts";
import type { PointId } from "../base/units.ts";
import type { Task } from "../runtime/task.ts";
import type { ExtentFile } from "./extent_file.ts";
import type { IndexEntry } from "./extent_index.ts";
import type { PointRecord } from "./recovery_point.ts";
import type { ReplicaFiles } from "./replica_files.ts";
import { openUndo, undoMetadata, undoName, UndoWriter } from "./undo_file.ts";

/** Drops points beyond the newest `keep`, oldest first; returns those that went. */
export function* prune(files: ReplicaFiles): Task<readonly PointId[]> {
  const gone: PointId[] = [];
  for (;;) {
    const victim = nextVictim(files);
    if (victim < 0) return gone;
    const { id } = files.state.points[victim] as PointRecord;
    if (victim === 0) yield* dropOldest(files);
    else yield* dropMiddle(files, victim);
    gone.push(id);
  }
}

/** Drops the oldest point to make room, if nobody needs it (R10); needs no space itself. */
export function* shed(files: ReplicaFiles): Task<readonly PointId[]> {
  const oldest = files.state.points[0];
  if (oldest === undefined || files.state.applied < 2 || files.held(oldest.id)) return [];
  yield* dropOldest(files);
  return [oldest.id];
}

/** The place of the oldest point that retention drops, or -1. */
function nextVictim(files: ReplicaFiles): number {
  const { points, applied, keep } = files.state;
  const end = Math.min(points.length - keep, applied - 1);
  for (let place = 0; place < end; place++) {
    if (files.held((points[place] as PointRecord).id)) continue;
    if (place === 0 || mergeable(files, place)) return place;
  }
  return -1;
}

/** True when the undo files on both sides of a point can be believed. */
function mergeable(files: ReplicaFiles, place: number): boolean {
  const { points } = files.state;
  for (const point of points.slice(place, place + 2)) {
    const undo = files.undos.get(point.id);
    if (undo === undefined || typeof undo === "string" || undo.damage !== undefined) return false;
  }
  return true;
}

function* dropOldest(files: ReplicaFiles): Task<void> {
  const [oldest, next] = files.state.points as [PointRecord, PointRecord];
  files.dropping.add(oldest.id);
  // Crash before: the point is listed. After: the undo file leads back to a point that is not listed
  // and is removed when the replica is opened. Should the state fail, nothing has happened.
  try {
    yield* files.commit((state) => ({
      ...state,
      points: state.points.slice(1),
      applied: state.applied - 1,
    }));
  } finally {
    files.dropping.delete(oldest.id);
  }
  yield* removeUndo(files, next.id);
}

function* removeUndo(files: ReplicaFiles, point: PointId): Task<void> {
  const undo = files.undos.get(point);
  files.undos.delete(point);
  if (undo !== undefined && typeof undo !== "string") yield* undo.retire();
  yield* files.undo.remove(undoName(point));
}

function* dropMiddle(files: ReplicaFiles, place: number): Task<void> {
  const point = files.state.points[place] as PointRecord;
  const next = files.state.points[place + 1] as PointRecord;
  files.dropping.add(point.id);
  let renamed = false;
  try {
    const merged = yield* mergeUndo(files, point, next);
    // Crash before: the temporary file is removed when the replica is opened. After: the undo file of
    // the next point leads back past this one, by which opening knows that it was dropped.
    renamed = true;
    yield* finishDrop(files, point, next, merged);
  } finally {
    // Once the merged file may have its name the point is on its way out, and stays so until the
    // state says it: dropping it is tried again, from the files that are still open.
    if (!renamed) files.dropping.delete(point.id);
  }
}

function* finishDrop(
  files: ReplicaFiles,
  point: PointRecord,
  next: PointRecord,
  merged: ExtentFile,
): Task<void> {
  const before = files.undos.get(next.id);
  let swapped = false;
  try {
    yield* files.undo.rename(temporaryName(next), undoName(next.id));
    yield* files.undo.flush();
    yield* files.commit((state) => ({
      ...state,
      points: state.points.filter((each) => each.id !== point.id),
      applied: state.applied - 1,
    }));
    files.undos.set(next.id, merged);
    files.dropping.delete(point.id);
    swapped = true;
  } finally {
    if (!swapped) yield* merged.retire();
  }
  if (before !== undefined && typeof before !== "string") yield* before.retire();
  yield* removeUndo(files, point.id);
}

function temporaryName(point: PointRecord): string {
  return `${point.id}.tmp`;
}

/** Writes what leads from `next` back past `point`, durable under a temporary name. */
function* mergeUndo(
  files: ReplicaFiles,
  point: PointRecord,
  next: PointRecord,
): Task<ExtentFile> {
  const temporary = temporaryName(next);
  const older = files.undos.get(point.id) as ExtentFile;
  const newer = files.undos.get(next.id) as ExtentFile;
  const { machine } = files.state;
  const elder = files.state.points[files.state.points.indexOf(point) - 1] as PointRecord;
  const back = undoMetadata(older)?.back ?? elder;
  const { context, undo } = files;
  const writer = yield* UndoWriter.create(undo, temporary, context, machine, next.id, back.id);
  try {
    yield* mergeInto(writer, new Cursor(older), new Cursor(newer));
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

/** Both files in order; where they overlap the older contents win. */
function* mergeInto(writer: UndoWriter, older: Cursor, newer: Cursor): Task<void> {
  yield* older.load();
  yield* newer.load();
  while (older.piece !== undefined || newer.piece !== undefined) {
    if (older.piece !== undefined && !newer.startsBefore(older)) {
      yield* older.copy(writer, older.piece.at + older.piece.length);
      yield* newer.skipTo(older.piece.disk, older.piece.at + older.piece.length);
      yield* older.next();
    } else {
      const piece = newer.piece as IndexEntry;
      const end = piece.at + piece.length;
      const own = older.piece?.disk === piece.disk ? Math.min(end, older.piece.at) : end;
      yield* newer.copy(writer, own);
      yield* newer.skipTo(piece.disk, own);
    }
  }
}

/** Walks the entries of an undo file; the front of an entry can be skipped. */
class Cursor {
  /** What is left of the entry where the walk stands; `undefined` at the end. */
  piece: IndexEntry | undefined;
  readonly #file: ExtentFile;
  #page = 0;
  #place = 0;

  constructor(file: ExtentFile) {
    this.#file = file;
  }

  /** Loads the entry where the walk stands. */
  *load(): Task<void> {
    this.piece = undefined;
    if (this.#page >= this.#file.pages) return;
    const page = yield* this.#file.page(this.#page);
    this.piece = page.entry(this.#place);
  }

  /** Goes to the next entry. */
  *next(): Task<void> {
    const page = yield* this.#file.page(this.#page);
    this.#place++;
    if (this.#place === page.count) {
      this.#page++;
      this.#place = 0;
    }
    yield* this.load();
  }

  /** True when this walk stands at an extent that begins before that of `other`. */
  startsBefore(other: Cursor): boolean {
    const own = this.piece;
    const their = other.piece;
    if (own === undefined || their === undefined) return own !== undefined;
    return own.disk < their.disk || (own.disk === their.disk && own.at < their.at);
  }

  /** Skips everything of `disk` before `at`. */
  *skipTo(disk: number, at: number): Task<void> {
    for (;;) {
      const piece = this.piece;
      if (piece === undefined || piece.disk !== disk || piece.at >= at) return;
      const cut = at - piece.at;
      if (cut < piece.length) {
        const { length, skip } = piece;
        this.piece = { ...piece, at, length: length - cut, skip: skip + cut };
        return;
      }
      yield* this.next();
    }
  }

  /** Copies the piece, up to byte `end` of its disk. */
  *copy(writer: UndoWriter, end: number): Task<void> {
    const piece = this.piece as IndexEntry;
    const length = end - piece.at;
    if (piece.kind === "zero") return yield* writer.addZero(piece.disk, piece.at, length);
    const content = yield* this.#file.content(piece);
    yield* writer.add(piece.disk, piece.at, content.subarray(0, length));
  }
}
