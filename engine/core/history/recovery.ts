/**
 * Opening a replica: reads where everything stood and finishes or takes back what a crash left
 * (R1 to R5, R9, R11). The table of what a crash leaves is in docs/REPLICA-STORE.md.
 *
 * Rule: state first, removal after: a file goes only when the durable state does not need it.
 *
 * @module
 */

import type { PointId } from "../base/units.ts";
import type { Task } from "../runtime/task.ts";
import type { ExtentFile } from "./extent_file.ts";
import { adoptNewerApplies, noteOlder } from "./older_state.ts";
import { OpenDelta } from "./open_delta.ts";
import type { PointRecord } from "./recovery_point.ts";
import type { HistoryFile, ReplicaFiles } from "./replica_files.ts";
import { deltaMetadata, deltaName, openDeltaFile } from "./sealed_delta.ts";
import { judgeStamps } from "./stamps.ts";
import { keepReserve } from "./state_file.ts";
import { filedSizes, largest, type StoreState } from "./store_state.ts";
import { openUndo, undoMetadata, undoName } from "./undo_file.ts";

/** Brings files and state to one story; returns the open delta, if there is one. */
export function* recover(files: ReplicaFiles): Task<OpenDelta | undefined> {
  // After a kill names may be in the kernel only; what follows from them must not outlive them.
  yield* files.undo.flush();
  yield* files.staging.flush();
  let state = yield* adoptNewerApplies(files, files.state);
  yield* openUndos(files, state);
  state = dropMerged(files, state);
  yield* openStaged(files, state);
  state = adoptApplied(files, state);
  state = yield* adoptSealed(files, state);
  state = yield* checkStamps(files, state);
  if (state !== files.state) yield* files.commit(() => state);
  const open = yield* openUnsealed(files);
  // A state that may be older than its disks does not know what it needs: nothing goes on its word.
  if (!files.state.suspect) yield* removeStrays(files, open);
  yield* keepReserve(files.folder);
  return open;
}

/**
 * Opens the undo files of all listed points: of the applied ones, of an apply in progress, and, where
 * the state is older than its disks, of one that it does not know to have ended (`adoptApplied`).
 */
function* openUndos(files: ReplicaFiles, state: StoreState): Task<void> {
  const names = new Set(yield* files.undo.list());
  for (const [place, point] of state.points.entries()) {
    const name = undoName(point.id);
    if (place > 0 && (place < state.applied || names.has(name))) {
      yield* openUndoOf(files, state, point);
    }
  }
}

function* openUndoOf(files: ReplicaFiles, state: StoreState, point: PointRecord): Task<void> {
  const undo = yield* openUndo(files.context, files.undo, undoName(point.id));
  files.undos.set(point.id, ofThisMachine(undo, state, point));
}

/** The file, unless it is another machine's or another point's. */
function ofThisMachine(file: HistoryFile, state: StoreState, point: PointRecord): HistoryFile {
  if (typeof file === "string") return file;
  const metadata = undoMetadata(file);
  if (metadata?.replica["machine"] !== state.machine || metadata.point.id !== point.id) {
    file.damage = `"${file.name}" belongs to another machine or point`;
  }
  return file;
}

/** Points that a merge passed over are dropped: the crash came before the state said so (R7). */
function dropMerged(files: ReplicaFiles, state: StoreState): StoreState {
  const gone = new Set<PointId>();
  for (const [place, point] of state.points.entries()) {
    const undo = files.undos.get(point.id);
    if (undo === undefined || typeof undo === "string" || undo.damage !== undefined) continue;
    const back = undoMetadata(undo)?.back.id;
    const elder = state.points.findIndex((each) => each.id === back);
    if (elder >= 0 && elder < place) {
      for (const each of state.points.slice(elder + 1, place)) gone.add(each.id);
    } else undo.damage = `"${undo.name}" does not lead back to a listed point`;
  }
  if (gone.size === 0) return state;
  probe(files, "history/merge-finished");
  const points = state.points.filter((each) => !gone.has(each.id));
  return { ...state, points, applied: state.applied - gone.size };
}

/** Opens the sealed deltas of all listed points that are not applied. */
function* openStaged(files: ReplicaFiles, state: StoreState): Task<void> {
  let parent = state.points[state.applied - 1]?.id;
  for (const point of state.points.slice(state.applied)) {
    const delta = yield* openDeltaFile(files.context, files.staging, deltaName(point.id));
    const metadata = typeof delta === "string" ? undefined : deltaMetadata(delta.metadata);
    if (typeof delta !== "string" && !follows(metadata, state, parent)) {
      delta.damage = `"${delta.name}" belongs to another machine or parent`;
    }
    files.staged.set(point.id, delta);
    parent = point.id;
  }
}

function follows(
  metadata: { readonly machine: string; readonly point: PointRecord } | undefined,
  state: StoreState,
  parent: PointId | undefined,
): boolean {
  return metadata?.machine === state.machine && metadata.point.parent === parent;
}

/**
 * A staged file is removed only after the state says that it was applied. One that is gone while its
 * undo file is whole tells that the newest state was lost with its disk sector: the apply had ended.
 * The stamps of then are lost with it, so the disks are compared before the points are believed (R9).
 */
function adoptApplied(files: ReplicaFiles, state: StoreState): StoreState {
  let now = state;
  for (;;) {
    const point = now.points[now.applied];
    const undo = point === undefined ? undefined : files.undos.get(point.id);
    if (point === undefined || undo === undefined || typeof undo === "string") return now;
    const record = undoMetadata(undo)?.point;
    if (undo.damage !== undefined || record === undefined) return now;
    if (files.staged.get(point.id) !== `"staging/${deltaName(point.id)}" is missing`) return now;
    files.staged.delete(point.id);
    probe(files, "history/apply-adopted");
    const points = now.points.map((each) => each === point ? record : each);
    noteOlder(files, now);
    now = { ...now, points, applied: now.applied + 1, stamps: [], suspect: true };
  }
}

/**
 * A delta sealed on the newest point, whose state a crash took, is listed; nobody else's is. Its apply may have
 * begun, and the disks' times, which would tell, may be gone with the power: the undo file is the mark (R3).
 */
function* adoptSealed(files: ReplicaFiles, state: StoreState): Task<StoreState> {
  let now = state;
  const names = (yield* files.staging.list()).filter((name) => name.endsWith(".delta"));
  const undos = yield* files.undo.list();
  const waiting = new Map<string, ExtentFile>();
  for (const name of names) {
    const point = name.slice(0, -".delta".length) as PointId;
    if (now.points.some((each) => each.id === point)) continue;
    const delta = yield* openDeltaFile(files.context, files.staging, name);
    if (typeof delta !== "string") waiting.set(name, delta);
  }
  for (let found = true; found;) {
    found = false;
    for (const [name, delta] of waiting) {
      const metadata = deltaMetadata(delta.metadata);
      const newest = now.points[now.points.length - 1]?.id;
      if (metadata === undefined || !readable(files) || !follows(metadata, now, newest)) continue;
      waiting.delete(name);
      files.staged.set(metadata.point.id, delta);
      if (undos.includes(undoName(metadata.point.id))) {
        yield* openUndoOf(files, now, metadata.point);
      }
      const protectedTime = Math.max(now.protectedTime, metadata.point.protectedAt);
      const sizes = largest(now.sizes, filedSizes(metadata.point));
      now = { ...now, points: [...now.points, metadata.point], sizes, protectedTime };
      probe(files, "history/sealed-adopted");
      found = true;
    }
  }
  for (const delta of waiting.values()) yield* delta.retire();
  return now;
}

/** True when every staged delta can be believed so far. */
function readable(files: ReplicaFiles): boolean {
  for (const delta of files.staged.values()) {
    if (typeof delta === "string" || delta.damage !== undefined) return false;
  }
  return true;
}

/** A disk that somebody else changed since the last apply is suspect (R9). */
function* checkStamps(files: ReplicaFiles, state: StoreState): Task<StoreState> {
  if (state.suspect || state.points.length === 0 || state.seed !== undefined) return state;
  const next = state.points[state.applied];
  // An apply in progress has changed the disks since the last stamp, by plan.
  if (next !== undefined && files.undos.has(next.id)) return state;
  if (state.stamps.length === 0) return { ...state, stamps: yield* files.stamps() };
  if (judgeStamps(yield* files.currentStamps(), state) !== "changed") return state;
  probe(files, "history/disk-suspect");
  return { ...state, suspect: true };
}

/** The one unsealed delta that goes on from the newest point; its tail is cut (R1). */
function* openUnsealed(files: ReplicaFiles): Task<OpenDelta | undefined> {
  const newest = files.newest()?.id;
  for (const name of yield* files.staging.list()) {
    if (!name.endsWith(".open")) continue;
    const delta = yield* OpenDelta.resume(files.context, files.staging, name);
    if (delta === undefined) continue;
    if (delta.cut > 0) probe(files, "history/torn-tail-cut");
    const { machine, parent } = delta.header;
    if (machine === files.state.machine && parent === newest) return delta;
    yield* delta.close();
  }
  return undefined;
}

/** Removes what no listed point and no open delta needs. */
function* removeStrays(files: ReplicaFiles, open: OpenDelta | undefined): Task<void> {
  const listed = files.state.points;
  const deltas = new Set(listed.slice(files.state.applied).map((each) => deltaName(each.id)));
  for (const name of yield* files.staging.list()) {
    if (open?.owns(name) !== true && !deltas.has(name)) yield* files.staging.remove(name);
  }
  const undos = new Set(listed.slice(1).map((each) => undoName(each.id)));
  for (const name of yield* files.undo.list()) {
    if (!undos.has(name)) yield* files.undo.remove(name);
  }
  for (const [point, undo] of files.undos) {
    if (undos.has(undoName(point))) continue;
    files.undos.delete(point);
    if (typeof undo !== "string") yield* undo.retire();
  }
}

function probe(files: ReplicaFiles, name: string): void {
  files.ports.observer.emit({ kind: "probe", name });
}
