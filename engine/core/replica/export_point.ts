/**
 * Exporting a recovery point: its disks as raw files in a folder of the administrator's, with a manifest
 * that says what they are, while replication and everything else goes on.
 *
 * Rule: the folder gets its name last, when all of it is durable and its digests are those of the point.
 * Until then it is called `.NAME.part-XXXXXXXX`, and nobody takes it for an export. A failure or a cancel
 * removes it; after a crash it is left, and the next export to that name tells of it.
 *
 * @module
 */

import { Failed, localFailure, requestFailure } from "../base/failure.ts";
import { canonicalBytes, type JsonObject } from "../base/json.ts";
import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import { MiB, toHex } from "../base/units.ts";
import type { PointView } from "../history/point_view.ts";
import type { RecoveryPoint } from "../history/recovery_point.ts";
import type { ReplicaStore } from "../history/replica_store.ts";
import { accumulateSetDigest, DIGEST_SIZE } from "../ports/codec.ts";
import type { Disk } from "../ports/disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { Ports } from "../ports/ports.ts";
import type { Task } from "../runtime/task.ts";

/** The name of the manifest. */
export const MANIFEST_NAME = "manifest.json";
/** How much of a disk is asked for its extents at once: what bounds memory. */
const WINDOW = 64 * MiB;

/** An export as it goes on. */
export interface PointExport {
  readonly point: RecoveryPoint;
  /** The folder that is being made. */
  readonly path: string;
  /** Bytes written so far, and all that are to be. */
  bytes: number;
  total: number;
}

/** What was exported. */
export interface ExportedPoint {
  readonly path: string;
  readonly disks: readonly {
    readonly file: string;
    readonly size: number;
    readonly bytes: number;
  }[];
  /** Whether there were digests to compare with; a point that is not applied yet has none. */
  readonly verified: boolean;
  /** Folders beside it that an export left which a crash cut short. */
  readonly leftovers: readonly string[];
}

/** What an export has to do with. */
interface Source {
  readonly ports: Ports;
  readonly store: ReplicaStore;
  readonly view: PointView;
  readonly progress: PointExport;
}

/**
 * Writes `progress.point` of `store` to the folder `progress.path`, which must not exist, in a folder that
 * must. Throws `exists`, `not-found`, `no-space`, `point-broken`, `damaged`.
 */
export function* exportPoint(
  ports: Ports,
  store: ReplicaStore,
  progress: PointExport,
): Task<ExportedPoint> {
  const { parent, name } = splitPath(progress.path);
  // From here on the point stays, whatever retention says.
  const view = yield* store.view(progress.point.id);
  try {
    const outer = yield* openOuter(ports, parent);
    const names = yield* outer.list();
    refuseExisting(names, name, progress.path);
    const leftovers = names.filter((each) => each.startsWith(`.${name}.part-`));
    const source = { ports, store, view, progress };
    yield* measure(source, outer);
    const part = `.${name}.part-${toHex(ports.entropy.bytes(4))}`;
    const written = yield* writePart(source, outer, part, name);
    return {
      ...written,
      path: progress.path,
      leftovers: leftovers.map((each) => `${parent === "/" ? "" : parent}/${each}`),
    };
  } finally {
    yield* view.close();
  }
}

/** The folder in which `path` is to be made, and its name there. */
export function splitPath(path: string): { readonly parent: string; readonly name: string } {
  const plain = path.replace(/\/+$/, "");
  const at = plain.lastIndexOf("/");
  const name = plain.slice(at + 1);
  if (!path.startsWith("/") || name === "" || name === "." || name === ".." || name.length > 200) {
    throw requestFailure(
      "bad-argument",
      `Not the whole path of a folder to be made: ${JSON.stringify(path.slice(0, 200))}`,
      'Give a path that begins with "/", e.g. /backup/db-monday; a server has no folder of its own',
    );
  }
  return { parent: plain.slice(0, at) || "/", name };
}

function* openOuter(ports: Ports, parent: string): Task<Folder> {
  try {
    return yield* ports.openPlace(parent);
  } catch (error) {
    if (!(error instanceof Failed) || error.code !== "not-found") throw error;
    const { side, code, message } = error.failure;
    throw new Failed({
      side,
      code,
      message,
      action: "Make that folder first; only the last part is made",
    });
  }
}

function refuseExisting(names: readonly string[], name: string, path: string): void {
  if (!names.includes(name)) return;
  throw requestFailure("exists", `"${path}" exists already`, "Choose another name, or remove it");
}

/** Finds out how much is to be written, and that there is room for it. */
function* measure({ view, progress }: Source, outer: Folder): Task<void> {
  for (const [disk, size] of view.sizes.entries()) {
    for (let at = 0; at < size; at += WINDOW) {
      for (const { length } of yield* view.allocated(disk, at, Math.min(WINDOW, size - at))) {
        progress.total += length;
      }
    }
  }
  const free = yield* outer.free();
  if (free >= progress.total) return;
  throw localFailure(
    "no-space",
    `No room to export: the disks hold ${
      Math.ceil(progress.total / MiB)
    } MiB, and ${outer.path} has ` +
      `${Math.floor(free / MiB)} MiB left`,
    "Free space there, or export to another place",
  );
}

function* writePart(
  source: Source,
  outer: Folder,
  part: string,
  name: string,
): Task<Pick<ExportedPoint, "disks" | "verified">> {
  let whole = false;
  try {
    const folder = yield* outer.folder(part, { create: true });
    const written = yield* writeDisks(source, folder);
    yield* writeManifest(source, folder, written);
    yield* folder.flush();
    // Somebody else may have made it meanwhile.
    refuseExisting(yield* outer.list(), name, source.progress.path);
    // Crash before: a folder that nobody takes for an export. After: the whole one, or that folder still.
    yield* outer.rename(part, name);
    whole = true;
    yield* outer.flush();
    const disks = written.map(({ file, size, bytes }) => ({ file, size, bytes }));
    return { disks, verified: source.progress.point.digests.every((digest) => digest !== "") };
  } finally {
    if (!whole) yield* outer.remove(part);
  }
}

interface WrittenDisk {
  readonly file: string;
  readonly size: number;
  readonly bytes: number;
  readonly digest: string;
}

function* writeDisks(source: Source, folder: Folder): Task<WrittenDisk[]> {
  const { point } = source.progress;
  const written: WrittenDisk[] = [];
  for (const [index, size] of source.view.sizes.entries()) {
    const file = `disk-${index}.raw`;
    const disk = yield* folder.createDisk(file, size);
    let bytes: number;
    const sum = new Uint8Array(DIGEST_SIZE);
    try {
      bytes = yield* writeDisk(source, index, disk, sum);
      yield* disk.flush();
    } finally {
      yield* disk.close();
    }
    const digest = toHex(sum);
    const expected = point.digests[index] ?? "";
    if (expected !== "" && expected !== digest) throw differs(point, index, expected, digest);
    written.push({ file, size, bytes, digest });
  }
  return written;
}

/** Copies one disk, all but its zeros; adds its blocks to `sum`. Returns the bytes that hold something. */
function* writeDisk(
  { ports, store, view, progress }: Source,
  index: number,
  disk: Disk,
  sum: Uint8Array,
): Task<number> {
  const { codec } = ports;
  const { blockSize } = store.geometry;
  let bytes = 0;
  for (let from = 0; from < disk.size; from += WINDOW) {
    const length = Math.min(WINDOW, disk.size - from);
    for (const run of yield* view.allocated(index, from, length)) {
      for (let at = run.at; at < run.at + run.length; at += EXTENT_SIZE_MAX) {
        const size = Math.min(EXTENT_SIZE_MAX, run.at + run.length - at);
        const content = yield* view.read(index, at, size);
        accumulateSetDigest(sum, yield* codec.setDigest(at, content, blockSize), 1);
        const zero = codec.kernel.zeroBlocks(content, blockSize);
        for (const [start, end] of dataRuns(zero)) {
          const piece = content.subarray(start * blockSize, end * blockSize);
          yield* disk.write(at + start * blockSize, piece);
          bytes += piece.length;
        }
        progress.bytes += size;
      }
    }
  }
  return bytes;
}

/** Runs of blocks that are not zero: `[start, end)`. */
function* dataRuns(zero: Uint8Array): Generator<readonly [number, number]> {
  for (let start = 0; start < zero.length; start++) {
    if (zero[start] === 1) continue;
    let end = start + 1;
    while (end < zero.length && zero[end] !== 1) end++;
    yield [start, end];
    start = end;
  }
}

function differs(point: RecoveryPoint, disk: number, expected: string, found: string): Failed {
  return localFailure(
    "damaged",
    `Disk ${disk} of recovery point ${point.id} does not read as it was written: its digest is ` +
      `${found}, and not ${expected}`,
    "Export another recovery point, and verify the replica",
  );
}

function* writeManifest(
  { store, progress: { point } }: Source,
  folder: Folder,
  disks: readonly WrittenDisk[],
): Task<void> {
  const { id, parent, generation, kind, cutAt, protectedAt } = point;
  const manifest: JsonObject = {
    format: "warmsite-point",
    version: 1,
    machine: store.machine,
    vm: store.name,
    point: { id, parent: parent ?? null, generation, kind, cutAt, protectedAt },
    blockSize: store.geometry.blockSize,
    disks: disks.map(({ file, size, bytes, digest }) => ({ file, size, bytes, digest })),
  };
  const file = yield* folder.open(MANIFEST_NAME, { create: true });
  try {
    yield* file.write(0, canonicalBytes(manifest));
    yield* file.flush();
  } finally {
    yield* file.close();
  }
}
