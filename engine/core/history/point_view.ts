/**
 * Views: any point, readable at any time, also while a delta is being applied (R4).
 *
 * Rule: a view reads undo ∪ staged ∪ raw, in that order of belief, and a raw read that an apply may
 * have overlapped is repeated through the index. Nothing is rolled back and nothing waits for an
 * apply, for the network or for space. The view holds its point until it is closed.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import type { PointId } from "../base/units.ts";
import { type Extent, inside } from "../block/extent.ts";
import type { Disk } from "../ports/disk.ts";
import type { Task } from "../runtime/task.ts";
import type { ExtentFile } from "./extent_file.ts";
import { noSuchPoint, type ReplicaFiles } from "./replica_files.ts";

/** A run of bytes that no layer has given yet: `[start, end)`. */
interface Gap {
  readonly start: number;
  readonly end: number;
}

/** One point, open for reading. */
export class PointView {
  /** The point. */
  readonly point: PointId;
  /** Bytes of every disk at the point. */
  readonly sizes: readonly number[];
  readonly #files: ReplicaFiles;
  #open = true;

  private constructor(files: ReplicaFiles, point: PointId, sizes: readonly number[]) {
    this.#files = files;
    this.point = point;
    this.sizes = sizes;
  }

  /** Opens a view; it can be read at once. Throws `no-such-point` and `point-broken`. */
  static open(files: ReplicaFiles, point: PointId): PointView {
    files.layers(point);
    const record = files.state.points.find((each) => each.id === point);
    if (record === undefined) throw noSuchPoint(point);
    files.viewed.set(point, (files.viewed.get(point) ?? 0) + 1);
    return new PointView(files, point, record.sizes);
  }

  /** Reads `length` bytes of `disk` at `at`, owned by the caller. */
  read(disk: number, at: number, length: number): Task<Uint8Array> {
    return readPoint(this.#files, this.point, disk, at, length);
  }

  /**
   * Runs of `disk` that the point may have otherwise than the newest applied one, unsorted; bounded by
   * what the deltas between the two changed. Everything staged was applied before.
   */
  *changedRuns(disk: number): Task<readonly Extent[]> {
    const size = this.sizes[disk] ?? 0;
    const runs: Extent[] = [];
    const layers = this.#files.layers(this.point);
    for (const layer of layers) layer.acquire();
    try {
      for (const layer of layers) {
        for (const { at, length } of yield* layer.overlapping(disk, 0, size)) {
          runs.push({ at, length });
        }
      }
    } finally {
      for (const layer of layers) yield* layer.release();
    }
    return runs;
  }

  /** Lets the point go. Idempotent. */
  // deno-lint-ignore require-yield -- the contract leaves room for a view that has files of its own
  *close(): Task<void> {
    if (!this.#open) return;
    this.#open = false;
    const left = (this.#files.viewed.get(this.point) ?? 1) - 1;
    if (left > 0) this.#files.viewed.set(this.point, left);
    else this.#files.viewed.delete(this.point);
  }
}

/** Reads `length` bytes of `disk` at `at` as they were at `point`, owned by the caller. */
export function* readPoint(
  files: ReplicaFiles,
  point: PointId,
  disk: number,
  at: number,
  length: number,
): Task<Uint8Array> {
  const raw = files.disks[disk];
  if (raw === undefined || !inside(at, length, raw.size)) {
    throw requestFailure("out-of-range", `Disk ${disk} has no ${length} bytes at ${at}`);
  }
  for (;;) {
    const version = files.version;
    const result = new Uint8Array(length);
    const gaps = yield* readLayers(files.layers(point), disk, at, result);
    yield* readRaw(raw, at, gaps, result);
    // An undo file that entered the index meanwhile says that the raw disk is being written:
    // what came from it may be of a later point. The index knows better now.
    if (gaps.length === 0 || version === files.version) return result;
    files.ports.observer.emit({ kind: "probe", name: "history/raw-read-repeated" });
  }
}

/** Fills `result` from `layers`; returns what none of them has. */
function* readLayers(
  layers: readonly ExtentFile[],
  disk: number,
  at: number,
  result: Uint8Array,
): Task<Gap[]> {
  let gaps: Gap[] = [{ start: at, end: at + result.length }];
  for (const layer of layers) layer.acquire();
  try {
    for (const layer of layers) {
      const left: Gap[] = [];
      for (const gap of gaps) yield* readLayer(layer, disk, gap, at, result, left);
      gaps = left;
      if (gaps.length === 0) break;
    }
  } finally {
    for (const layer of layers) yield* layer.release();
  }
  return gaps;
}

/** Fills what `layer` has of `gap`; adds the rest to `left`. */
function* readLayer(
  layer: ExtentFile,
  disk: number,
  gap: Gap,
  base: number,
  result: Uint8Array,
  left: Gap[],
): Task<void> {
  let place = gap.start;
  for (const entry of yield* layer.overlapping(disk, gap.start, gap.end)) {
    const start = Math.max(entry.at, gap.start);
    const end = Math.min(entry.at + entry.length, gap.end);
    if (start > place) left.push({ start: place, end: start });
    if (entry.kind !== "zero") {
      const content = yield* layer.content(entry);
      result.set(content.subarray(start - entry.at, end - entry.at), start - base);
    }
    place = end;
  }
  if (place < gap.end) left.push({ start: place, end: gap.end });
}

function* readRaw(
  raw: Disk,
  at: number,
  gaps: readonly Gap[],
  result: Uint8Array,
): Task<void> {
  for (const gap of gaps) {
    const bytes = yield* raw.read(gap.start, gap.end - gap.start);
    result.set(bytes, gap.start - at);
  }
}
