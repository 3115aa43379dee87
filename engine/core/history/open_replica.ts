/**
 * Opening a replica's folder: state, disks, files, in this order; then recovery.
 *
 * @module
 */

import { localFailure } from "../base/failure.ts";
import type { Folder } from "../ports/folder.ts";
import type { GuestDisk, Ports } from "../ports/ports.ts";
import type { Task } from "../runtime/task.ts";
import { diskName, openRaw } from "./create_replica.ts";
import type { HistoryCache } from "./history_cache.ts";
import type { OpenDelta } from "./open_delta.ts";
import { rebuildState } from "./rebuild.ts";
import { recover } from "./recovery.ts";
import { ReleasedDisk } from "./released_disk.ts";
import { ReplicaFiles } from "./replica_files.ts";
import { letGo } from "./retention.ts";
import { STATE_NAMES, StateFile } from "./state_file.ts";
import type { StoreState } from "./store_state.ts";

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
    const state = read ?? (yield* rebuildState(folder, undo, staging, context));
    for (const [index, size] of state.sizes.entries()) {
      const place = state.places[index] ?? null;
      const released = new ReleasedDisk(size, state.stamps[index]);
      const stem = diskName(index);
      raw.push(
        state.released
          ? { disk: released, logs: folder, stem }
          : yield* openRaw(ports, folder, index, size, place),
      );
    }
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

function noReplica(folder: Folder): Error {
  return localFailure(
    "not-found",
    `"${folder.path}" holds no replica`,
    "Check the storage location",
  );
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
