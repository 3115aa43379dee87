/**
 * An overlay: a writable disk over a point that never changes (R8).
 *
 * What is written lies in `<name>.data`, a sparse disk of the same size; which clusters of it count is
 * in `<name>.map`. Rule: the map never says "data" before the whole cluster is durable in the data
 * file, and no first write is acknowledged before the map says so durably. So after a loss of power
 * every sector reads as it was or as it was written, and a flush needs nothing but the data's own.
 * The overlay does not know whose machine runs on it, nor how its base reads.
 *
 * @module
 */
// Long because: every path of a disk's port, with what a crash leaves, in one place.

import { assert } from "../base/assert.ts";
import { Failed, isFailed, localFailure, requestFailure } from "../base/failure.ts";
import type { Failure } from "../base/failure.ts";
import { KiB } from "../base/units.ts";
import { common, type Extent, inside, joined } from "../block/extent.ts";
import type { Disk, DiskIdentity } from "../ports/disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { Ports } from "../ports/ports.ts";
import { RangeLock } from "../runtime/lock.ts";
import type { Task } from "../runtime/task.ts";
import { all } from "../runtime/together.ts";
import { type ClusterState, isClusterSize, type OverlayHeader } from "./overlay_format.ts";
import { type Mark, OverlayMap } from "./overlay_map.ts";

/** What an overlay lies over: bytes that never change while it is open. */
export interface OverlayBase {
  /** Bytes. */
  readonly size: number;
  /** Reads `length` bytes at `at`; the result is owned by the caller. */
  read(at: number, length: number): Task<Uint8Array>;
  /** Extents of `[at, at + length)` that may hold other than zeros, in order; everything when unknown. */
  allocated(at: number, length: number): Task<readonly Extent[]>;
}

/** Whose overlay it is. */
export type OverlaySpec = Pick<OverlayHeader, "machine" | "point" | "disk">;

/** A run of bytes that the overlay says something about; `zero` reads as zeros. */
export interface ChangedRun extends Extent {
  readonly kind: "data" | "zero";
}

/** Bytes of a cluster, unless something else is asked for. */
export const CLUSTER_SIZE = 64 * KiB;

type OverlayPorts = Pick<Ports, "codec" | "entropy">;

/** A durable copy-on-write disk. */
export class Overlay implements Disk {
  readonly size: number;
  /** Which disk of its machine it is. */
  readonly index: number;
  readonly #base: OverlayBase;
  readonly #data: Disk;
  readonly #map: OverlayMap;
  readonly #folder: Folder;
  readonly #name: string;
  readonly #clusterSize: number;
  readonly #locks = new RangeLock();
  /** First writes are committed after a flush of the data: zero marks alone need none. */
  #unflushed = false;
  #failed: Failure | undefined;

  private constructor(
    base: OverlayBase,
    data: Disk,
    map: OverlayMap,
    folder: Folder,
    name: string,
  ) {
    this.size = base.size;
    this.index = map.header.disk;
    this.#base = base;
    this.#data = data;
    this.#map = map;
    this.#folder = folder;
    this.#name = name;
    this.#clusterSize = map.header.clusterSize;
  }

  /**
   * Makes an empty overlay, durable when this returns; one of that name that is there is removed, so
   * the caller knows that nobody needs it.
   */
  static *create(
    ports: OverlayPorts,
    folder: Folder,
    name: string,
    base: OverlayBase,
    spec: OverlaySpec,
    clusterSize: number = CLUSTER_SIZE,
  ): Task<Overlay> {
    assert(isClusterSize(clusterSize), "A cluster is a power of two of 4 KiB to 16 MiB");
    // A crash on the way leaves no overlay, or an incomplete one that no state names: whoever starts
    // the failover again comes through here and removes it. Only then may a state name this one.
    yield* Overlay.remove(folder, name);
    const data = yield* folder.createDisk(`${name}.data`, base.size);
    try {
      yield* data.flush();
      const file = yield* folder.open(`${name}.map`, { create: true, truncate: true });
      try {
        yield* file.lock();
        const instance = new DataView(ports.entropy.bytes(8).buffer).getBigUint64(0, true);
        const header = { ...spec, size: base.size, clusterSize };
        const map = yield* OverlayMap.create(ports.codec.kernel, file, header, instance);
        yield* folder.flush();
        return new Overlay(base, data, map, folder, name);
      } catch (error) {
        yield* file.close();
        throw error;
      }
    } catch (error) {
      yield* data.close();
      throw error;
    }
  }

  /**
   * Opens an overlay that was made. `wrong-disk` when it belongs to another machine, disk or point, or
   * its size is not the base's; `damaged` when its map cannot be read; `not-found`.
   */
  static *open(
    ports: OverlayPorts,
    folder: Folder,
    name: string,
    base: OverlayBase,
    spec: OverlaySpec,
  ): Task<Overlay> {
    const file = yield* folder.open(`${name}.map`);
    try {
      yield* file.lock();
      const map = yield* OverlayMap.open(ports.codec.kernel, file);
      const { machine, point, disk, size } = map.header;
      const isOurs = machine === spec.machine && point === spec.point && disk === spec.disk;
      if (!isOurs || size !== base.size) throw wrongDisk(name);
      const data = yield* folder.openDisk(`${name}.data`);
      if (data.size === size) return new Overlay(base, data, map, folder, name);
      yield* data.close();
      throw wrongDisk(name);
    } catch (error) {
      yield* file.close();
      throw error;
    }
  }

  /** Whether an overlay of that name is there, complete or not. */
  static *exists(folder: Folder, name: string): Task<boolean> {
    const names = yield* folder.list();
    return names.includes(`${name}.map`) || names.includes(`${name}.data`);
  }

  /** Removes an overlay that is not open, durably. None of that name is no failure. */
  static *remove(folder: Folder, name: string): Task<void> {
    // The map first: without it the data means nothing. A crash between leaves a data file that the
    // next create or remove takes away.
    yield* folder.remove(`${name}.map`);
    yield* folder.remove(`${name}.data`);
    yield* folder.flush();
  }

  /** Bytes of clusters that are not the base's. */
  get changedBytes(): number {
    return this.#map.changedClusters * this.#clusterSize;
  }

  /** Pages of the map of which one copy was torn when it was opened; an update was cut off there. */
  get tornPages(): number {
    return this.#map.tornPages;
  }

  /** What health must show. */
  get troubles(): readonly Failure[] {
    const troubles = this.#failed === undefined ? [] : [this.#failed];
    const { tornPages } = this;
    if (tornPages > 0) {
      troubles.push({
        code: "damaged",
        side: "local",
        message: `The map of the overlay "${this.#name}" had ${tornPages} torn ${
          tornPages === 1 ? "page" : "pages"
        } when it was opened; their other copies were read`,
        action: "Check the disk under it, unless its server has just lost power",
      });
    }
    return troubles;
  }

  /** Everything that may differ from the base, in order: what complete merges. */
  *changedRuns(): Generator<ChangedRun, void, undefined> {
    for (const { start, end, state } of this.#map.changed()) {
      const at = start * this.#clusterSize;
      const length = Math.min(end * this.#clusterSize, this.size) - at;
      if (state !== "base") yield { at, length, kind: state };
    }
  }

  *read(at: number, length: number): Task<Uint8Array> {
    this.#check(at, length);
    // Without a lock: a cluster's state is what was durable when the read began, the base never
    // changes, and what overlapping writes do to the data file meanwhile is either order, per sector.
    const runs = [...this.#runs(at, length)];
    if (runs.length === 1) return yield* this.#readRun(runs[0] as StateRun);
    const bytes = new Uint8Array(length);
    yield* all("overlay/read", runs.map((run) => this.#readInto(bytes, at, run)));
    return bytes;
  }

  *#readInto(bytes: Uint8Array, start: number, run: StateRun): Task<void> {
    if (run.state !== "zero") bytes.set(yield* this.#readRun(run), run.at - start);
  }

  *#readRun({ at, length, state }: StateRun): Task<Uint8Array> {
    if (state === "zero") return new Uint8Array(length);
    return yield* (state === "data" ? this.#data : this.#base).read(at, length);
  }

  *write(at: number, data: Uint8Array): Task<void> {
    this.#check(at, data.length);
    if (data.length === 0) return;
    const start = this.#clusterOf(at);
    const end = this.#clusterEnd(at + data.length);
    // In place needs no lock: a cluster that is data stays data, but for a zero() that overlaps this
    // write in time, and those two may come in either order.
    if (this.#areData(start, end)) return yield* this.#data.write(at, data);
    const hold = yield* this.#locks.lock(start, end);
    try {
      yield* this.#writeFirst(at, data.length, data);
    } finally {
      this.#locks.unlock(hold);
    }
  }

  *zero(at: number, length: number): Task<void> {
    this.#check(at, length);
    if (length === 0) return;
    const hold = yield* this.#locks.lock(this.#clusterOf(at), this.#clusterEnd(at + length));
    try {
      const end = at + length;
      const inner = Math.ceil(at / this.#clusterSize);
      // The disk's last cluster may be short: reaching its end is covering it.
      const outer = end === this.size ? this.#map.clusters : Math.floor(end / this.#clusterSize);
      if (inner >= outer) return yield* this.#writeFirst(at, length, undefined);
      const head = inner * this.#clusterSize;
      const tail = Math.min(outer * this.#clusterSize, this.size);
      if (head > at) yield* this.#writeFirst(at, head - at, undefined);
      if (tail < end) yield* this.#writeFirst(tail, end - tail, undefined);
      yield* this.#zeroClusters(inner, outer);
    } finally {
      this.#locks.unlock(hold);
    }
  }

  /**
   * Writes a range of which any clusters may still be the base's or zero; `data` undefined writes
   * zeros. The clusters are locked.
   *
   * Crash before the data's flush: the map still says base or zero, and the old contents read. Between
   * it and the map's flush: the marks are there or not, and either reads as one of old and new, for
   * the whole cluster is durable. After: as written. Clusters that were data are written in place,
   * sector by sector old or new, as on any disk before its flush.
   */
  *#writeFirst(at: number, length: number, data: Uint8Array | undefined): Task<void> {
    const marks: Mark[] = [];
    const writes: Task<void>[] = [];
    for (const run of this.#runs(at, length)) {
      const bytes = data?.subarray(run.at - at, run.at - at + run.length);
      if (run.state === "data") writes.push(this.#writePart(run.at, run.length, bytes));
      else if (run.state === "base" || bytes !== undefined) {
        writes.push(...this.#fill(run, bytes));
        const start = this.#clusterOf(run.at);
        marks.push({ start, end: this.#clusterEnd(run.at + run.length), state: "data" });
      }
    }
    if (writes.length > 0) yield* all("overlay/write", writes);
    if (marks.length > 0) yield* this.#commit(marks, true);
  }

  *#writePart(at: number, length: number, bytes: Uint8Array | undefined): Task<void> {
    if (bytes === undefined) yield* this.#data.zero(at, length);
    else yield* this.#data.write(at, bytes);
  }

  /** Writes the whole clusters that `run`, of one state, touches: its bytes, and the old around them. */
  *#fill(run: StateRun, bytes: Uint8Array | undefined): Generator<Task<void>, void, undefined> {
    const size = this.#clusterSize;
    const end = run.at + run.length;
    for (let at = run.at; at < end;) {
      const start = this.#clusterOf(at) * size;
      const stop = Math.min(start + size, this.size);
      const whole = Math.floor((end === this.size ? Infinity : end) / size) * size;
      const next = at === start && whole > at ? Math.min(whole, end) : Math.min(stop, end);
      const part = bytes?.subarray(at - run.at, next - run.at);
      if (at === start && (next % size === 0 || next === this.size)) {
        yield this.#writePart(at, next - at, part);
      } else yield this.#fillCluster(start, stop, at, next, run.state, part);
      at = next;
    }
  }

  *#fillCluster(
    start: number,
    stop: number,
    from: number,
    to: number,
    state: ClusterState,
    part: Uint8Array | undefined,
  ): Task<void> {
    const cluster = new Uint8Array(stop - start);
    if (state === "base") {
      if (from > start) cluster.set(yield* this.#base.read(start, from - start), 0);
      if (to < stop) cluster.set(yield* this.#base.read(to, stop - to), to - start);
    }
    if (part !== undefined) cluster.set(part, from - start);
    yield* this.#data.write(start, cluster);
  }

  /**
   * Whole clusters become zeros by their marks alone. Crash before the map's flush: old or zeros, by
   * whole clusters. After it what the data file holds there means nothing, so it may be given back.
   */
  *#zeroClusters(start: number, end: number): Task<void> {
    const marks: Mark[] = [];
    const given: Extent[] = [];
    const size = this.#clusterSize;
    const at = start * size;
    for (const run of this.#runs(at, Math.min(end * size, this.size) - at)) {
      if (run.state === "zero") continue;
      const first = this.#clusterOf(run.at);
      marks.push({ start: first, end: this.#clusterEnd(run.at + run.length), state: "zero" });
      if (run.state === "data") given.push(run);
    }
    if (marks.length === 0) return;
    yield* this.#commit(marks, false);
    for (const extent of given) yield* this.#giveBack(extent);
  }

  *#giveBack({ at, length }: Extent): Task<void> {
    try {
      yield* this.#data.zero(at, length);
    } catch (error) {
      // The clusters read as zeros whatever lies there; only space is not given back.
      if (!isFailed(error) || error.code === "cancelled") throw error;
    }
  }

  *#commit(marks: readonly Mark[], speaksOfData: boolean): Task<void> {
    if (speaksOfData) this.#unflushed = true;
    try {
      yield* this.#map.commit(marks, () => this.#flushFirst());
    } catch (error) {
      if (isFailed(error) && error.code !== "cancelled") this.#fail(error.failure);
      throw error;
    }
  }

  *#flushFirst(): Task<void> {
    if (!this.#unflushed) return;
    this.#unflushed = false;
    try {
      yield* this.#data.flush();
    } catch (error) {
      this.#unflushed = true;
      throw error;
    }
    // One that failed meanwhile may have lost what these marks would speak of.
    this.#check(0, 0);
  }

  /**
   * Makes all that returned durable. The data's flush is enough: every mark was durable before the
   * write or zero that made it was acknowledged.
   */
  *flush(): Task<void> {
    this.#check(0, 0);
    try {
      yield* this.#data.flush();
    } catch (error) {
      if (isFailed(error) && error.code !== "cancelled") this.#fail(error.failure);
      throw error;
    }
    // One that failed meanwhile may have lost what this one should have made durable.
    this.#check(0, 0);
  }

  /** A failed flush leaves nobody knowing what is durable: nothing more until opened again (T10). */
  #fail(cause: Failure): void {
    this.#failed ??= {
      code: "disk-failed",
      side: "local",
      message: `The overlay "${this.#name}" failed: ${cause.message}`,
      action: "Mend the storage, then restart the server",
    };
  }

  identity(options?: { readonly lasting?: boolean }): Task<DiskIdentity> {
    return this.#data.identity(options);
  }

  *allocated(at: number, length: number): Task<readonly Extent[]> {
    this.#check(at, length);
    const runs = [...this.#runs(at, length)];
    const found: Extent[] = [];
    // Asked once for the whole range: what a disk says of an extent costs it a system call.
    for (const [state, disk] of [["base", this.#base], ["data", this.#data]] as const) {
      const own = runs.filter((run) => run.state === state);
      if (own.length > 0) found.push(...common(yield* disk.allocated(at, length), own));
    }
    return joined(found);
  }

  /** Gives both files back; what was acknowledged and not flushed stays in the kernel. */
  *close(): Task<void> {
    yield* this.#data.close();
    yield* this.#map.close();
  }

  /** Closes and removes it, durably. */
  *remove(): Task<void> {
    yield* this.close();
    yield* Overlay.remove(this.#folder, this.#name);
  }

  #check(at: number, length: number): void {
    if (this.#failed !== undefined) throw new Failed(this.#failed);
    if (inside(at, length, this.size)) return;
    throw requestFailure(
      "out-of-range",
      `The overlay "${this.#name}" has no ${length} bytes at ${at}`,
      `Ask inside its ${this.size} bytes`,
    );
  }

  #clusterOf(at: number): number {
    return Math.floor(at / this.#clusterSize);
  }

  #clusterEnd(end: number): number {
    return Math.ceil(end / this.#clusterSize);
  }

  #areData(start: number, end: number): boolean {
    for (let cluster = start; cluster < end; cluster++) {
      if (this.#map.stateOf(cluster) !== "data") return false;
    }
    return true;
  }

  /** The range in runs of clusters of one state, cut to the range. */
  *#runs(at: number, length: number): Generator<StateRun, void, undefined> {
    const end = at + length;
    for (let start = at; start < end;) {
      const state = this.#map.stateOf(this.#clusterOf(start));
      let next = this.#clusterOf(start) + 1;
      while (next * this.#clusterSize < end && this.#map.stateOf(next) === state) next++;
      const stop = Math.min(next * this.#clusterSize, end);
      yield { at: start, length: stop - start, state };
      start = stop;
    }
  }
}

/** A run of bytes whose clusters are of one state. */
interface StateRun extends Extent {
  readonly state: ClusterState;
}

function wrongDisk(name: string): Failed {
  return localFailure(
    "wrong-disk",
    `The overlay "${name}" belongs to another disk or point`,
    "Put back the files that belong to this machine, or cancel the failover",
  );
}
