/**
 * Making a replica's folder.
 *
 * Rule: the state is written last: a folder without a valid state is no replica, and what an
 * unfinished create left in it is replaced.
 *
 * @module
 */

import { localFailure, requestFailure } from "../base/failure.ts";
import { DISKS_MAX, POINTS_MAX } from "../base/limits.ts";
import type { GenerationId, MachineId } from "../base/units.ts";
import type { Geometry } from "../block/geometry.ts";
import type { Disk } from "../ports/disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { Ports } from "../ports/ports.ts";
import type { Task } from "../runtime/task.ts";
import type { HistoryCache } from "./history_cache.ts";
import { RESERVE_SIZE, STATE_CAPACITY } from "./bounds.ts";
import { ReplicaFiles } from "./replica_files.ts";
import { refuseWithoutRoom } from "./room.ts";
import { STATE_NAMES, StateFile } from "./state_file.ts";
import type { StoreState } from "./store_state.ts";

/** What a new replica is. */
export interface CreateSpec {
  readonly machine: MachineId;
  readonly name: string;
  /** Bytes of every disk. */
  readonly sizes: readonly number[];
  readonly geometry: Geometry;
  readonly generation: GenerationId;
  /** Newest points to keep. */
  readonly keep: number;
  /** Bytes that the disks take where they are, for which there must be room (R10). */
  readonly space?: number;
}

/** Makes everything a replica is made of; returns it open. */
export function* createReplica(
  ports: Ports,
  folder: Folder,
  spec: CreateSpec,
  cache: HistoryCache,
): Task<ReplicaFiles> {
  checkKeep(spec.keep);
  const count = spec.sizes.length;
  if (count < 1 || count > DISKS_MAX) {
    throw requestFailure("bad-argument", `A machine has 1 to ${DISKS_MAX} disks, and not ${count}`);
  }
  yield* refuseExisting(ports, folder);
  const { space = 0, ...lasting } = spec;
  const fixed = STATE_NAMES.length * STATE_CAPACITY + RESERVE_SIZE;
  if (space > 0) yield* refuseWithoutRoom(folder, spec.name, space + fixed);
  for (const name of ["undo", "staging"]) yield* folder.remove(name);
  const undo = yield* folder.folder("undo", { create: true });
  const staging = yield* folder.folder("staging", { create: true });
  const disks: Disk[] = [];
  let stateFile: StateFile | undefined;
  try {
    for (const [index, size] of spec.sizes.entries()) {
      yield* folder.remove(diskName(index));
      disks.push(yield* folder.createDisk(diskName(index), size));
    }
    for (const disk of disks) yield* disk.flush();
    stateFile = yield* StateFile.create(folder, ports.codec.kernel);
    const state = firstState(lasting);
    // Crash before: no valid state, no replica. After: an empty replica.
    yield* stateFile.write(state, false);
    return new ReplicaFiles({ ports, folder, staging, undo, disks, stateFile, state, cache });
  } catch (error) {
    for (const disk of disks) yield* disk.close();
    if (stateFile !== undefined) yield* stateFile.close();
    throw error;
  }
}

/** True for a replica that was never told of: making it went wrong behind its first state. */
export function isUntold(state: Pick<StoreState, "extra" | "points" | "seed">): boolean {
  return state.extra === null && state.points.length === 0 && state.seed === undefined;
}

/** Refuses a number of points that retention cannot keep. */
export function checkKeep(keep: number): void {
  if (Number.isSafeInteger(keep) && keep >= 1 && keep <= POINTS_MAX / 2) return;
  throw requestFailure("bad-argument", `Cannot keep ${keep} recovery points`, "Keep 1 to 2048");
}

/** The name of the raw disk `index`. */
export function diskName(index: number): string {
  return `disk-${index}.raw`;
}

function* refuseExisting(ports: Ports, folder: Folder): Task<void> {
  const names = yield* folder.list();
  if (!STATE_NAMES.some((name) => names.includes(name))) return;
  const { file, state } = yield* StateFile.open(folder, ports.codec.kernel);
  yield* file.close();
  if (state === undefined || isUntold(state)) return;
  throw localFailure(
    "exists",
    `"${folder.path}" holds a replica of "${state.name}"`,
    "Open it, or remove it first",
  );
}

function firstState(spec: Omit<CreateSpec, "space">): StoreState {
  return {
    ...spec,
    extra: null,
    seed: undefined,
    points: [],
    applied: 0,
    protectedTime: 0,
    stamps: [],
    holds: new Map(),
    suspect: false,
    released: false,
  };
}
