/**
 * A state that is older than its disks: what undo files tell of applies that the state does not know of
 * (R9, R11).
 *
 * Both copies of a state may come back from a backup, or its newest writes may be lost with their
 * sectors. An undo file under its final name says that its apply had begun, durably; that another one
 * leads back to it, or that its delta is gone, says that it had ended.
 *
 * Rule: the newest undo file of this machine decides what the disks hold, as in a rebuild (`rebuild.ts`);
 * protected time orders points, for it only grows. Unless their stamps say that nobody wrote them, the
 * disks are suspect: nothing of them is believed before they were compared with the digest that the undo
 * file carries.
 *
 * @module
 */

import type { PointId } from "../base/units.ts";
import type { Task } from "../runtime/task.ts";
import type { PointRecord } from "./recovery_point.ts";
import type { ReplicaFiles } from "./replica_files.ts";
import { deltaName } from "./sealed_delta.ts";
import { judgeStamps } from "./stamps.ts";
import { filedSizes, largest, type StoreState } from "./store_state.ts";
import { readUndos, type UndoMetadata, undoName } from "./undo_file.ts";

/** `state`, or what the undo files make of it when they tell of an apply that it does not know of. */
export function* adoptNewerApplies(files: ReplicaFiles, state: StoreState): Task<StoreState> {
  if (state.released || !(yield* hasUnknown(files, state))) return state;
  // Disks that nobody wrote since the state: an apply that wrote something was taken back, and what it
  // does not know of is left over; but one of an empty delta leaves no other trace.
  const same = judgeStamps(yield* files.currentStamps(), state) === "same";
  const undos = (yield* readUndos(files.undo, files.context)).filter(
    ({ replica, empty }) => replica["machine"] === state.machine && (empty || !same),
  );
  const newest = newestOf(undos);
  const known = state.points[state.applied - 1]?.protectedAt ?? -1;
  // What is not newer is left over from a drop that a crash cut short.
  if (newest === undefined || newest.point.protectedAt <= known) return state;
  // An apply in progress, or one that had ended, of the next listed point: `recovery.ts` knows.
  if (newest.point.id === state.points[state.applied]?.id) return state;
  const deltas = yield* files.staging.list();
  const points = pointsUpTo(newest, undos, state);
  const place = points.findIndex(({ id }) => id === newest.point.id);
  const applied = deltas.includes(deltaName(newest.point.id)) ? place : place + 1;
  files.ports.observer.emit({ kind: "probe", name: "history/older-state" });
  if (!same) noteOlder(files, state);
  return {
    ...state,
    generation: (points[points.length - 1] as PointRecord).generation,
    seed: undefined,
    points,
    sizes: points.reduce((sizes, point) => largest(sizes, filedSizes(point)), state.sizes),
    applied,
    protectedTime: Math.max(state.protectedTime, newest.point.protectedAt),
    ...(same ? {} : { stamps: [], suspect: true }),
  };
}

/** Health says that the state was not the newest there had been. */
export function noteOlder(files: ReplicaFiles, state: StoreState): void {
  files.notes.set("older", {
    code: "stale",
    side: "local",
    message:
      `The state of "${state.name}" is older than its disks: recovery points were taken up ` +
      "from its undo files",
    action: "Check failover, held points and retention; find out why an older file was there",
  });
}

/** True when an undo file is there of a point that the state has not as applied or next. */
function* hasUnknown(files: ReplicaFiles, state: StoreState): Task<boolean> {
  const known = new Set(state.points.slice(0, state.applied + 1).map(({ id }) => undoName(id)));
  const names = yield* files.undo.list();
  return names.some((name) => name.endsWith(".undo") && !known.has(name));
}

function newestOf(undos: readonly UndoMetadata[]): UndoMetadata | undefined {
  let newest: UndoMetadata | undefined;
  for (const undo of undos) {
    if (undo.point.protectedAt > (newest?.point.protectedAt ?? -1)) newest = undo;
  }
  return newest;
}

/** The points as they were when `newest` was applied: those listed that it leads back to, and the chain. */
function pointsUpTo(
  newest: UndoMetadata,
  undos: readonly UndoMetadata[],
  state: StoreState,
): PointRecord[] {
  const byPoint = new Map<PointId, UndoMetadata>(undos.map((undo) => [undo.point.id, undo]));
  const listed = state.points.slice(0, state.applied);
  const chain: PointRecord[] = [];
  let first = newest;
  for (let undo: UndoMetadata | undefined = newest; undo !== undefined;) {
    byPoint.delete(undo.point.id);
    chain.unshift(undo.point);
    first = undo;
    const back: PointId = undo.back.id;
    undo = listed.some(({ id }) => id === back) ? undefined : byPoint.get(back);
  }
  const place = state.points.findIndex(({ id }) => id === newest.point.id);
  const staged = place < 0 ? [] : state.points.slice(place + 1);
  const origin = listed.findIndex(({ id }) => id === first.back.id);
  // Between the origin and the chain retention has dropped whatever else is listed.
  if (origin >= 0) return [...listed.slice(0, origin + 1), ...chain, ...staged];
  // A first point has no elder: what is listed is of an earlier life of this replica.
  const elders = first.back.parent === undefined
    ? []
    : listed.filter(({ protectedAt }) => protectedAt < first.back.protectedAt);
  return [...elders, first.back, ...chain, ...staged];
}
