/**
 * Making a replica's folder.
 *
 * Rule: the state is written last: a folder without a valid state is no replica, and what an
 * unfinished create left in it is replaced.
 *
 * @module
 */

import { Failed, isFailed, localFailure, requestFailure } from "../base/failure.ts";
import type { Json } from "../base/json.ts";
import { DISKS_MAX } from "../base/limits.ts";
import type { GenerationId, MachineId } from "../base/units.ts";
import type { Geometry } from "../block/geometry.ts";
import type { DiskIdentity } from "../ports/disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { GuestDisk, Ports } from "../ports/ports.ts";
import type { Task } from "../runtime/task.ts";
import type { Retention } from "../wire/retention.ts";
import { isBlank } from "./blank.ts";
import type { HistoryCache } from "./history_cache.ts";
import { AbsentDisk, diskName } from "./raw_disk.ts";
import { RESERVE_SIZE, STATE_CAPACITY } from "./bounds.ts";
import type { PointRecord } from "./recovery_point.ts";
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
  /** Which points to keep. */
  readonly retention: Retention;
  /** Bytes that the disks take where they are, for which there must be room (R10). */
  readonly space?: number;
  /** Where its disks lie already, with contents to be brought up to date; made anew where left out or `null`. */
  readonly paths?: readonly (string | null)[];
}

/** What a replica is made of that takes over a machine's own disks where they lie (L6). */
export interface AdoptSpec extends Omit<CreateSpec, "sizes" | "space" | "paths"> {
  /** The paths of its disks, which nobody has open; of those without a size they do not count. */
  readonly paths: readonly string[];
  /** The point that the disks hold. Its digests are found later where they are not known. */
  readonly point: PointRecord;
  /** A hold that keeps the point from the beginning. */
  readonly hold: string | undefined;
  /** The upper layers' document. */
  readonly extra: Json;
}

/**
 * Makes a replica of disks that are there: they are neither written nor moved, and are its raw disks
 * from then on. Throws `wrong-disk` when one of them has not the size that the point says.
 */
export function* adoptReplica(
  ports: Ports,
  folder: Folder,
  spec: AdoptSpec,
  cache: HistoryCache,
): Task<ReplicaFiles> {
  yield* refuseExisting(ports, folder);
  const { undo, staging } = yield* emptyFolders(folder);
  const own = spec.paths.map((path, index) => path === `${folder.path}/${diskName(index)}`);
  const { paths, point, extra, hold, ...lasting } = spec;
  // The file of a disk that is left out of replication stays the administrator's: it is never one of ours.
  const places = paths.map((path, index) =>
    own[index] === true || (point.sizes[index] ?? 0) === 0 ? null : path
  );
  return yield* orClose(function* (made) {
    const { raw } = made;
    for (const [index, size] of point.sizes.entries()) {
      raw.push(
        size === 0
          ? { disk: new AbsentDisk(), logs: folder, stem: diskName(index) }
          : yield* openExactly(ports, folder, index, size, places[index] ?? null),
      );
    }
    const stamps: DiskIdentity[] = [];
    for (const { disk } of raw) stamps.push(yield* disk.identity({ lasting: true }));
    const stateFile = made.stateFile = yield* StateFile.create(folder, ports.codec.kernel);
    const empty = { ...firstState({ ...lasting, sizes: point.sizes }), places };
    const protectedTime = point.protectedAt;
    const holds = new Map(hold === undefined ? [] : [[hold, point.id]]);
    const state = { ...empty, extra, points: [point], applied: 1, stamps, protectedTime, holds };
    // Crash before the second one: a replica that nobody was told of. After: one that holds one point.
    yield* stateFile.write(empty, false);
    yield* stateFile.write(state, false);
    return new ReplicaFiles({ ports, folder, staging, undo, raw, stateFile, state, cache });
  });
}

/** What is open of a replica in the making. */
interface Unfinished {
  readonly raw: GuestDisk[];
  stateFile: StateFile | undefined;
}

/** Runs `make`; if it fails, all that it had opened is closed. */
function* orClose(make: (made: Unfinished) => Task<ReplicaFiles>): Task<ReplicaFiles> {
  const made: Unfinished = { raw: [], stateFile: undefined };
  try {
    return yield* make(made);
  } catch (error) {
    for (const { disk } of made.raw) yield* disk.close();
    if (made.stateFile !== undefined) yield* made.stateFile.close();
    throw error;
  }
}

function* emptyFolders(
  folder: Folder,
): Task<{ readonly undo: Folder; readonly staging: Folder }> {
  for (const name of ["undo", "staging"]) yield* folder.remove(name);
  return {
    undo: yield* folder.folder("undo", { create: true }),
    staging: yield* folder.folder("staging", { create: true }),
  };
}

/**
 * Opens raw disk `index`, in the replica's folder or where it was adopted. It has at least `size` bytes, and
 * more where a disk grew. Fails with `MissingDisk` where there is none.
 */
export function* openRaw(
  ports: Ports,
  folder: Folder,
  index: number,
  size: number,
  place: string | null,
): Task<GuestDisk> {
  const name = place ?? diskName(index);
  let raw: GuestDisk;
  try {
    raw = place === null
      ? { disk: yield* folder.openDisk(name), logs: folder, stem: name }
      : yield* ports.openGuestDisk(place);
  } catch (error) {
    // A replica whose disk was moved away is not one that was never made.
    throw isFailed(error, "not-found") ? new MissingDisk(name) : error;
  }
  const found = raw.disk.size;
  if (found >= size) return raw;
  yield* raw.disk.close();
  throw wrongSize(name, found, size);
}

/** A disk of a replica that is there is not: only its file system may be missing, so it may come back. */
export class MissingDisk extends Failed {
  constructor(name: string) {
    super({
      code: "damaged",
      side: "local",
      message: `Disk "${name}" of the replica is not there`,
      action: "Put it back, or mount the file system that it is on: it is looked for every 10 s",
    });
  }
}

/** As `openRaw`, where nothing has grown yet: a disk of another size is another disk. */
function* openExactly(
  ports: Ports,
  folder: Folder,
  index: number,
  size: number,
  place: string | null,
): Task<GuestDisk> {
  const raw = yield* openRaw(ports, folder, index, size, place);
  const found = raw.disk.size;
  if (found === size) return raw;
  yield* raw.disk.close();
  throw wrongSize(place ?? diskName(index), found, size);
}

/** The failure of a disk that is not as long as the state says. */
export function wrongSize(name: string, found: number, expected: number): Failed {
  return localFailure(
    "disk-changed-size",
    `"${name}" is ${found} bytes long, and not ${expected}`,
    "Put the disk file back from where it was moved, or start a new initial replication",
  );
}

/** Makes everything a replica is made of; returns it open. */
export function* createReplica(
  ports: Ports,
  folder: Folder,
  spec: CreateSpec,
  cache: HistoryCache,
): Task<ReplicaFiles> {
  const count = spec.sizes.length;
  if (count < 1 || count > DISKS_MAX) {
    throw requestFailure(
      "bad-argument",
      `A machine has 1 to ${DISKS_MAX} disks, and not ${count}`,
      'Change that at its primary: "warmsite vm disk add" or "warmsite vm disk remove"',
    );
  }
  yield* refuseExisting(ports, folder);
  // What an unfinished create left is blank. Anything else is the disk of a machine that was removed here.
  if (!(yield* isBlank(folder))) throw holdsDisks(folder, spec.name);
  const { space = 0, paths, ...lasting } = spec;
  const fixed = STATE_NAMES.length * STATE_CAPACITY + RESERVE_SIZE;
  // What a copy takes already is looked at when the initial replication begins.
  const more = paths === undefined ? space : 0;
  if (more > 0) yield* refuseWithoutRoom(folder, spec.name, more + fixed);
  const { undo, staging } = yield* emptyFolders(folder);
  return yield* orClose(function* (made) {
    const { raw } = made;
    for (const [index, size] of spec.sizes.entries()) {
      const path = paths?.[index] ?? undefined;
      yield* folder.remove(diskName(index));
      const stem = diskName(index);
      if (path !== undefined) raw.push(yield* openExactly(ports, folder, index, size, path));
      else {
        const disk = size === 0 ? new AbsentDisk() : yield* folder.createDisk(stem, size);
        raw.push({ disk, logs: folder, stem });
      }
    }
    for (const { disk } of raw) yield* disk.flush();
    const stateFile = made.stateFile = yield* StateFile.create(folder, ports.codec.kernel);
    const state = { ...firstState(lasting), places: paths ?? [] };
    // Crash before: no valid state, no replica. After: an empty replica.
    yield* stateFile.write(state, false);
    return new ReplicaFiles({ ports, folder, staging, undo, raw, stateFile, state, cache });
  });
}

/** True for a replica that was never told of: making it went wrong behind its first state. */
export function isUntold(state: Pick<StoreState, "extra" | "points" | "seed">): boolean {
  return state.extra === null && state.points.length === 0 && state.seed === undefined;
}

/** Why no replica is made in a folder with contents. */
export function holdsDisks(folder: Folder, name: string): Failed {
  return localFailure(
    "exists",
    `In ${folder.path} lie the disk files of a machine "${name}" that ran here`,
    "Move them away, or give the machine another name; nothing is written over",
  );
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

function firstState(spec: Omit<CreateSpec, "space" | "paths">): StoreState {
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
    doubted: undefined,
    released: false,
    places: [],
  };
}
