/**
 * A copy of a machine's disks that is at the replica before its initial replication: a restored backup, a
 * snapshot of storage, files that were carried over (M26).
 *
 * The administrator of the replica names the files; a primary never names a path here. When the primary comes, its
 * replica is made of these files where they lie, and what they hold otherwise is found by digest.
 *
 * @module
 */

import { type Failed, peerFailure } from "../base/failure.ts";
import { asObject, type Json, type JsonObject } from "../base/json.ts";
import { DISK_SIZE_MAX, DISKS_MAX } from "../base/limits.ts";
import { isName } from "../base/name.ts";
import { checkDiskSize } from "../block/geometry.ts";
import type { Ports } from "../ports/ports.ts";
import { refuseContainer } from "../primary/image_format.ts";
import type { Task } from "../runtime/task.ts";
import type { MessageOf } from "../wire/message.ts";

/** Files that wait for their primary. */
export interface ExistingCopy {
  /** The files, in the order of the machine's disks that are replicated. */
  readonly paths: readonly string[];
  /** Bytes of each when they were named. */
  readonly sizes: readonly number[];
  /** The only server that may be their primary; `undefined` for any that may replicate here. */
  readonly from: string | undefined;
}

/** Looks at the files: each must be a raw image of whole blocks that nobody has open. */
export function* inspectCopy(
  ports: Pick<Ports, "openGuestDisk">,
  blockSize: number,
  paths: readonly string[],
): Task<readonly number[]> {
  const sizes: number[] = [];
  for (const path of paths) {
    const { disk } = yield* ports.openGuestDisk(path);
    try {
      yield* refuseContainer(disk, path);
      checkDiskSize(disk.size, blockSize, path);
      sizes.push(disk.size);
    } finally {
      yield* disk.close();
    }
  }
  return sizes;
}

/** The copy as a record holds it. */
export function copyToJson({ paths, sizes, from }: ExistingCopy): JsonObject {
  return { paths, sizes, from: from ?? null };
}

/** The copy from a record; `undefined` when it makes no sense. */
export function copyFromJson(json: Json): ExistingCopy | undefined {
  const { paths, sizes, from }: JsonObject = asObject(json) ?? {};
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === "string")) return undefined;
  if (!Array.isArray(sizes) || sizes.length !== paths.length || sizes.length > DISKS_MAX) {
    return undefined;
  }
  const sound = (size: Json) =>
    typeof size === "number" && Number.isSafeInteger(size) && size > 0 && size <= DISK_SIZE_MAX;
  if (!sizes.every(sound)) return undefined;
  if (from !== null && !isName(from)) return undefined;
  return {
    paths: paths as string[],
    sizes: sizes as number[],
    from: from === null ? undefined : from as string,
  };
}

/** Refuses a machine whose copy this is not, by its primary or by its sizes. */
export function refuseOtherCopy(
  { paths, sizes, from }: ExistingCopy,
  { name, disks }: MessageOf<"open-machine">,
  primary: string,
): void {
  if (from !== undefined && from !== primary) {
    throw peerFailure(
      "unauthorized",
      `The copy of "${name}" at the replica server is of a machine of "${from}", not of "${primary}"`,
      "Name the right primary there, or take the copy back: " +
        `"warmsite replication disable ${name}" at the replica server`,
    );
  }
  const replicated = disks.filter((size) => size > 0).length;
  if (replicated !== sizes.length) {
    throw wrong(
      name,
      `has ${sizes.length} disks, and the machine ${replicated} that are replicated`,
    );
  }
  let at = 0;
  for (const [index, size] of disks.entries()) {
    if (size === 0) continue;
    const [path, found] = [paths[at], sizes[at++]];
    if (size === found) continue;
    throw wrong(name, `has ${found} bytes in "${path}", and disk ${index} ${size} bytes`);
  }
}

/** The files of a copy by the numbers of the machine's disks, `null` for one that is not replicated. */
export function filesByDisk(
  { paths }: ExistingCopy,
  disks: readonly number[],
): readonly (string | null)[] {
  let at = 0;
  return disks.map((size) => size === 0 ? null : paths[at++] ?? null);
}

function wrong(name: string, what: string): Failed {
  return peerFailure(
    "wrong-disk",
    `The copy of "${name}" at the replica server ${what}`,
    `Give it a copy of the same size: "warmsite replication disable ${name}" there, then ` +
      '"replication enable --as-replica" with the right files',
  );
}

/** A primary that counts on a copy is told that there is none, before it sends all of its disks. */
export function noCopy(name: string): Failed {
  return peerFailure(
    "not-found",
    `No copy of "${name}" is at the replica server`,
    `Name its files there: "warmsite replication enable ${name} --as-replica --disk FILE"; or stop here and ` +
      `start over the network: "warmsite replication stop ${name}", "warmsite replication start ${name}"`,
  );
}
