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
import { common, type Extent, inside, joined } from "../block/extent.ts";
import type { Disk } from "../ports/disk.ts";
import type { Task } from "../runtime/task.ts";
import type { ExtentFile } from "./extent_file.ts";
import type { IndexEntry } from "./extent_index.ts";
import { allocatedRaw, readRaw } from "./raw_disk.ts";
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
   * Extents of `[at, at + length)` of `disk` that may hold other than zeros, in order: what a layer has
   * as data, and what the raw disk has where no layer speaks. Memory follows the blocks of the range.
   */
  allocated(disk: number, at: number, length: number): Task<readonly Extent[]> {
    return allocatedAt(this.#files, this.point, disk, at, length);
  }

  /**
   * Tells `visit` of every run of `disk` that the point may have otherwise than the newest applied one,
   * unsorted; all that the deltas between the two changed. Everything staged was applied before.
   */
  *changedRuns(disk: number, visit: (run: Extent) => void): Task<void> {
    const layers = this.#files.layers(this.point);
    for (const layer of layers) layer.acquire();
    try {
      for (const layer of layers) yield* layer.entriesOf(disk, visit);
    } finally {
      for (const layer of layers) yield* layer.release();
    }
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
  checkRange(files, disk, at, length);
  for (;;) {
    const version = files.version;
    const result = new Uint8Array(length);
    const fill = (layer: ExtentFile, entry: IndexEntry, start: number, end: number) =>
      readEntry(layer, entry, start, end, at, result);
    const gaps = yield* walkLayers(files.layers(point), disk, at, length, fill);
    yield* files.readingRaw(disk, (raw) => readGaps(raw, at, gaps, result));
    // An undo file that entered the index meanwhile says that the raw disk is being written:
    // what came from it may be of a later point. The index knows better now.
    if (gaps.length === 0 || version === files.version) return result;
    files.ports.observer.emit({ kind: "probe", name: "history/raw-read-repeated" });
  }
}

function* allocatedAt(
  files: ReplicaFiles,
  point: PointId,
  disk: number,
  at: number,
  length: number,
): Task<readonly Extent[]> {
  checkRange(files, disk, at, length);
  for (;;) {
    const version = files.version;
    const found: Extent[] = [];
    // deno-lint-ignore require-yield -- a visitor is a task, and this one has all it needs
    const note = function* (_: ExtentFile, { kind }: IndexEntry, start: number, end: number) {
      if (kind !== "zero") found.push({ at: start, length: end - start });
    };
    const gaps = yield* walkLayers(files.layers(point), disk, at, length, note);
    if (gaps.length > 0) {
      const runs = gaps.map(({ start, end }) => ({ at: start, length: end - start }));
      const raw = yield* files.readingRaw(disk, (each) => allocatedRaw(each, at, length));
      found.push(...common(raw, runs));
    }
    // As for a read: an undo file that came meanwhile knows better what the raw disk had.
    if (version === files.version) return joined(found);
  }
}

function checkRange({ state }: ReplicaFiles, disk: number, at: number, length: number): void {
  if (inside(at, length, state.sizes[disk] ?? 0)) return;
  const size = state.sizes[disk] ?? 0;
  throw requestFailure(
    "out-of-range",
    `Disk ${disk} has no ${length} bytes at ${at}`,
    `Ask inside its ${size} bytes`,
  );
}

/** Takes what a layer has of a range: `[start, end)` of `entry`. */
type Visitor = (layer: ExtentFile, entry: IndexEntry, start: number, end: number) => Task<void>;

/** Visits what `layers` have of a range, first wins; returns what none of them has. */
function* walkLayers(
  layers: readonly ExtentFile[],
  disk: number,
  at: number,
  length: number,
  visit: Visitor,
): Task<Gap[]> {
  let gaps: Gap[] = [{ start: at, end: at + length }];
  for (const layer of layers) layer.acquire();
  try {
    for (const layer of layers) {
      const left: Gap[] = [];
      for (const gap of gaps) yield* walkLayer(layer, disk, gap, visit, left);
      gaps = left;
      if (gaps.length === 0) break;
    }
  } finally {
    for (const layer of layers) yield* layer.release();
  }
  return gaps;
}

/** Visits what `layer` has of `gap`; adds the rest to `left`. */
function* walkLayer(
  layer: ExtentFile,
  disk: number,
  gap: Gap,
  visit: Visitor,
  left: Gap[],
): Task<void> {
  let place = gap.start;
  for (const entry of yield* layer.overlapping(disk, gap.start, gap.end)) {
    const start = Math.max(entry.at, gap.start);
    const end = Math.min(entry.at + entry.length, gap.end);
    if (start > place) left.push({ start: place, end: start });
    yield* visit(layer, entry, start, end);
    place = end;
  }
  if (place < gap.end) left.push({ start: place, end: gap.end });
}

function* readEntry(
  layer: ExtentFile,
  entry: IndexEntry,
  start: number,
  end: number,
  base: number,
  result: Uint8Array,
): Task<void> {
  if (entry.kind === "zero") return;
  const content = yield* layer.content(entry);
  result.set(content.subarray(start - entry.at, end - entry.at), start - base);
}

function* readGaps(
  raw: Disk | undefined,
  at: number,
  gaps: readonly Gap[],
  result: Uint8Array,
): Task<void> {
  for (const gap of gaps) {
    const bytes = yield* readRaw(raw, gap.start, gap.end - gap.start);
    result.set(bytes, gap.start - at);
  }
}
