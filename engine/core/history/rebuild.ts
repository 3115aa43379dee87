/**
 * Rebuilding a state that cannot be read from what undo files and staged deltas say about themselves
 * (R11).
 *
 * Rule: only one unbroken story is believed; anything else is refused with what to do. What is rebuilt
 * is suspect: nothing is applied until the disks were compared with the digests. Holds and the upper
 * layers' document are lost, and said to be.
 *
 * @module
 */

import { type Failed, localFailure } from "../base/failure.ts";
import type { Json } from "../base/json.ts";
import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import type { ExtentContext } from "./extent_file.ts";
import type { PointRecord } from "./recovery_point.ts";
import { type DeltaMetadata, deltaMetadata, openDeltaFile } from "./sealed_delta.ts";
import { filedSizes, largest, stateFrom, type StoreState } from "./store_state.ts";
import { readUndos, type UndoMetadata } from "./undo_file.ts";

/** The state as the files tell it. Throws `damaged` when they do not tell one story. */
export function* rebuildState(
  folder: Folder,
  undo: Folder,
  staging: Folder,
  context: ExtentContext,
): Task<StoreState> {
  const undos = yield* readUndos(undo, context);
  const deltas = yield* readDeltas(staging, context);
  const chain = applyChain(folder, undos);
  const newest = chain[chain.length - 1] as UndoMetadata;
  // The last undo file is of an apply that ended, or, with its delta still there, of one in progress.
  const open = deltas.has(newest.point.id);
  const points: PointRecord[] = [
    (chain[0] as UndoMetadata).back,
    ...chain.map((each) => each.point),
  ];
  const applied = open ? points.length - 1 : points.length;
  deltas.delete(newest.point.id);
  for (;;) {
    const last = points[points.length - 1] as PointRecord;
    const next = [...deltas.values()].find((each) => each.point.parent === last.id);
    if (next === undefined) break;
    points.push(next.point);
    deltas.delete(next.point.id);
  }
  const last = points[points.length - 1] as PointRecord;
  const known = newest.replica["sizes"];
  const state = stateFrom({
    ...newest.replica,
    sizes: points.reduce(
      (sizes, point) => largest(sizes, filedSizes(point)),
      Array.isArray(known) ? known as number[] : [],
    ),
    generation: last.generation,
    extra: null,
    seed: null,
    points: points.map((point) => ({ ...point, parent: point.parent ?? null })) as unknown as Json,
    applied,
    protectedTime: last.protectedAt,
    stamps: [],
    holds: {},
    suspect: true,
    released: false,
    places: newest.replica["places"] ?? [],
  });
  if (state === undefined) throw refused(folder, "what they say contradicts itself");
  return state;
}

function* readDeltas(staging: Folder, context: ExtentContext): Task<Map<string, DeltaMetadata>> {
  const found = new Map<string, DeltaMetadata>();
  for (const name of yield* staging.list()) {
    if (!name.endsWith(".delta")) continue;
    const file = yield* openDeltaFile(context, staging, name);
    if (typeof file === "string") continue;
    const metadata = deltaMetadata(file.metadata);
    yield* file.retire();
    if (metadata !== undefined) found.set(metadata.point.id, metadata);
  }
  return found;
}

/** The undo files from the oldest to the newest, each leading back to the one before. */
function applyChain(folder: Folder, undos: readonly UndoMetadata[]): UndoMetadata[] {
  const leads = new Set(undos.map((each) => each.back.id));
  const ends = undos.filter((each) => !leads.has(each.point.id));
  if (ends.length !== 1) {
    throw refused(folder, undos.length === 0 ? "there are none" : "they are not one chain");
  }
  const chain: UndoMetadata[] = [];
  let place: UndoMetadata | undefined = ends[0];
  while (place !== undefined && chain.length < undos.length) {
    chain.push(place);
    const back: string = place.back.id;
    place = undos.find((each) => each.point.id === back);
  }
  return chain.reverse();
}

function refused(folder: Folder, why: string): Failed {
  return localFailure(
    "damaged",
    `The state of "${folder.path}" is unreadable and cannot be rebuilt from its undo files: ${why}`,
    "Restore state.0 from a backup, or remove the replica and start a new initial replication",
  );
}
