/**
 * Opening a replica's folder: state, disks, files, in this order; then recovery.
 *
 * @module
 */

import { localFailure } from "../base/failure.ts";
import { DISKS_MAX } from "../base/limits.ts";
import type { Disk } from "../ports/disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { GuestDisk, Ports } from "../ports/ports.ts";
import type { Task } from "../runtime/task.ts";
import { openRaw } from "./create_replica.ts";
import type { HistoryCache } from "./history_cache.ts";
import type { OpenDelta } from "./open_delta.ts";
import { AbsentDisk, diskName, setAside } from "./raw_disk.ts";
import { rebuildState } from "./rebuild.ts";
import { recover } from "./recovery.ts";
import { ReleasedDisk } from "./released_disk.ts";
import { ReplicaFiles } from "./replica_files.ts";
import { letGo } from "./retention.ts";
import { STATE_NAMES, StateFile } from "./state_file.ts";
import { filedSizes, largest, type StoreState } from "./store_state.ts";

/** A replica and the delta that was open in it. */
export interface OpenedReplica {
  readonly files: ReplicaFiles;
  readonly delta: OpenDelta | undefined;
}

/**
 * Opens what `createReplica` made. Throws `not-found` where there is none, `locked` when another
 * process has it, `disk-changed-size`, `damaged` when nothing tells what the disks hold (R11).
 */
export function* openReplica(
  ports: Ports,
  folder: Folder,
  cache: HistoryCache,
): Task<OpenedReplica> {
  const names = yield* folder.list();
  const known = [...STATE_NAMES, "undo", diskName(0)];
  if (!known.some((name) => names.includes(name))) throw noReplica(folder);
  const undo = yield* folder.folder("undo", { create: true });
  const staging = yield* folder.folder("staging", { create: true });
  const opened = yield* StateFile.open(folder, ports.codec.kernel);
  const { file: stateFile, state: read } = opened;
  const raw: GuestDisk[] = [];
  try {
    // Before its second state a replica was told to nobody: what there is was cut short in the making.
    if (opened.unborn) throw noReplica(folder);
    const { codec } = ports;
    const context = { codec, cache, sizes: [], blockSize: 512 };
    const told = read ?? (yield* rebuildState(folder, undo, staging, context));
    const count = Math.max(told.sizes.length, told.released ? 0 : 1 + highestIndex(names));
    for (let index = 0; index < count; index++) {
      raw.push(
        told.released
          ? { disk: releasedDisk(told, index), logs: folder, stem: diskName(index) }
          : yield* openLongEnough(ports, folder, index, told, names),
      );
    }
    // A file that is longer than a state says is of a newer state (R9).
    const state = { ...told, sizes: largest(told.sizes, raw.map(({ disk }) => disk.size)) };
    const parts = { ports, folder, staging, undo, raw, stateFile, state, cache };
    const files = new ReplicaFiles(parts);
    if (read === undefined) yield* noteRebuilt(files, state);
    const delta = yield* recoverOrClose(files);
    // What retention does not keep was gone before: nobody is told of it again.
    letGo(files);
    files.untold.length = 0;
    return { files, delta };
  } catch (error) {
    for (const { disk } of raw) yield* disk.close();
    yield* stateFile.close();
    throw error;
  }
}

/** A disk as it was let go; one that was announced and that no point came to have was not there to be let go. */
function releasedDisk({ sizes, stamps }: StoreState, index: number): Disk {
  if (stamps.length > 0 && stamps[index] === undefined) return new AbsentDisk();
  return new ReleasedDisk(sizes[index] ?? 0, stamps[index]);
}

function noReplica(folder: Folder): Error {
  return localFailure(
    "not-found",
    `"${folder.path}" holds no replica`,
    "Check the storage location",
  );
}

/** The highest index of which there is a file, or -1. */
function highestIndex(names: readonly string[]): number {
  let index = DISKS_MAX - 1;
  while (index >= 0 && !names.includes(diskName(index))) index--;
  return index;
}

/**
 * Opens a file that is at least as long as what was written to it: by the initial replication all that it
 * may have, and by an apply what the point has.
 */
function* openLongEnough(
  ports: Ports,
  folder: Folder,
  index: number,
  { sizes, points, applied, places, stamps }: StoreState,
  names: readonly string[],
): Task<GuestDisk> {
  const place = places[index] ?? null;
  // Older points have in undo files what lay behind the end of a file that a failover cut.
  const point = points[applied - 1];
  const held = point === undefined ? [] : filedSizes(point);
  const needed = (points.length === 0 ? sizes : held)[index] ?? 0;
  // A state from before a completed failover is told so, and nothing is read.
  const least = names.some((name) => name.startsWith("completed.")) ? 0 : needed;
  const there = place !== null || names.includes(diskName(index));
  const gone = place === null && stamps[index]?.size === 0 &&
    points.every((point) => (filedSizes(point)[index] ?? 0) === 0);
  // Of a machine that ran here, or what a crash left of a disk that was dropped.
  if (there && gone) yield* setAside(folder, index);
  else if (there || least > 0) return yield* openRaw(ports, folder, index, least, place);
  return { disk: new AbsentDisk(), logs: folder, stem: diskName(index) };
}

/** A rebuilt state becomes durable before anything follows from it, and health says so (R11). */
function* noteRebuilt(files: ReplicaFiles, state: StoreState): Task<void> {
  yield* files.commit(() => state);
  files.notes.set("rebuilt", {
    code: "stale",
    side: "local",
    message: `The state of "${state.name}" was unreadable and was rebuilt from its undo files`,
    action: "Verify the replica; check generation, failover and held points",
  });
}

function* recoverOrClose(files: ReplicaFiles): Task<OpenDelta | undefined> {
  try {
    return yield* recover(files);
  } catch (error) {
    for (const kept of [files.undos, files.staged]) {
      for (const file of kept.values()) if (typeof file !== "string") yield* file.retire();
    }
    throw error;
  }
}
