/**
 * The open files of one replica and the state that says what they mean: what staging, applying,
 * retention, views and recovery share.
 *
 * Rule: state changes only by `commit`, which makes it durable first and visible then; between two
 * suspensions state and files agree. It decides nothing itself.
 *
 * @module
 */
// Long because: what files there are, how long they are, and what damage to one means are one account.

import { assert } from "../base/assert.ts";
import type { Failure } from "../base/failure.ts";
import { localFailure, requestFailure } from "../base/failure.ts";
import { type PointId, toHex } from "../base/units.ts";
import { DIGEST_SIZE } from "../ports/codec.ts";
import { AbsentDisk, diskName } from "./raw_disk.ts";
import { ReleasedDisk } from "./released_disk.ts";
import { type Disk, type DiskIdentity, growDisk } from "../ports/disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { GuestDisk, Ports } from "../ports/ports.ts";
import { Mutex } from "../runtime/lock.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import type { ExtentContext, ExtentFile } from "./extent_file.ts";
import type { HistoryCache } from "./history_cache.ts";
import type { PointRecord, RecoveryPoint } from "./recovery_point.ts";
import type { StateFile } from "./state_file.ts";
import type { StoreState } from "./store_state.ts";

/** Why the points of suspect disks are not to be read. */
const UNVERIFIED = "the disks are not as the last apply left them, and were not verified since";

/** A finished file, or why there is none to read. */
export type HistoryFile = ExtentFile | string;

/** The parts of a replica that are open while it is. */
export interface ReplicaParts {
  readonly ports: Ports;
  readonly folder: Folder;
  readonly staging: Folder;
  readonly undo: Folder;
  /** The raw disks and where the logs of each would lie, in the order of the machine's. */
  readonly raw: readonly GuestDisk[];
  readonly stateFile: StateFile;
  readonly state: StoreState;
  readonly cache: HistoryCache;
}

/** Files and state of one replica. */
export class ReplicaFiles {
  readonly ports: Ports;
  /** The machine's folder. */
  readonly folder: Folder;
  readonly staging: Folder;
  readonly undo: Folder;
  /** The raw disks with the places of their replication logs, for whoever begins to track them. */
  raw: readonly GuestDisk[];
  /** What readers of extent files need. */
  readonly context: ExtentContext;
  /** By the point whose apply an undo file takes back. */
  readonly undos = new Map<PointId, HistoryFile>();
  /** By the point that a sealed delta leads to. */
  readonly staged = new Map<PointId, HistoryFile>();
  /** Points with open views, and how many. */
  readonly viewed = new Map<PointId, number>();
  /** Points on their way out: listed no more, not to be viewed or held. */
  readonly dropping = new Set<PointId>();
  /** Points that retention does not keep: out of the list as well, their undo files wait to be merged. */
  gone = new Set<PointId>();
  /** Those that went since somebody was told. */
  readonly untold: PointId[] = [];
  /** Counts undo files that entered the index of views; a raw read that saw it change is repeated. */
  version = 0;
  /** One at a time: apply, drop, verify, seed. */
  readonly applying = new Mutex();
  /** One at a time: what touches the open delta. */
  readonly stagingLock = new Mutex();
  /** Failures that health must show and that no file or point tells. */
  readonly notes = new Map<string, Failure>();
  /** Raw disks that points are being read from, and by how many. */
  readonly #rawReads = new Map<Disk, number>();
  /** Somebody has read the last of what he read from a raw disk. */
  readonly #rawRead = new Signal();
  /** Those of them that were taken out, to be closed. */
  readonly #leaving = new Set<Disk>();
  readonly #stateFile: StateFile;
  readonly #committing = new Mutex();
  #state: StoreState;

  constructor(parts: ReplicaParts) {
    this.ports = parts.ports;
    this.folder = parts.folder;
    this.staging = parts.staging;
    this.undo = parts.undo;
    this.raw = parts.raw;
    this.#stateFile = parts.stateFile;
    this.#state = parts.state;
    const { blockSize } = parts.state.geometry;
    const { codec } = parts.ports;
    const sizes = () => this.#state.sizes;
    this.context = {
      codec,
      cache: parts.cache,
      blockSize,
      get sizes() {
        return sizes();
      },
    };
  }

  /** The raw disks, in the order of the machine's. */
  get disks(): readonly Disk[] {
    return this.raw.map(({ disk }) => disk);
  }

  /** What is durable. */
  get state(): StoreState {
    return this.#state;
  }

  /** Changes the state: durable first, visible then. `change` sees the state of its turn. */
  *commit(change: (state: StoreState) => StoreState, growing = false): Task<void> {
    yield* this.#committing.lock();
    try {
      const next = change(this.#state);
      yield* this.#stateFile.write(next, growing);
      this.#state = next;
    } finally {
      this.#committing.unlock();
    }
  }

  /**
   * Brings the raw disks to the sizes that the state allows them, durably: larger files that read as zeros
   * there, files that were not there. Nothing becomes smaller. Where nobody has written yet, or an apply is
   * marked, a crash leaves files that are shorter than the state says, which is no harm: what is missing
   * reads as zeros, and is made by the next one who writes.
   */
  *growDisks(sizes: readonly number[] = this.#state.sizes): Task<void> {
    for (const [index, size] of sizes.entries()) {
      const disk = this.disks[index];
      if ((disk?.size ?? 0) >= size) continue;
      if (disk !== undefined && disk.size > 0) yield* growDisk(disk, size);
      else if (this.needed(index)) yield* this.makeDisk(index, size);
    }
  }

  /** True for a disk that a point has, or that the points to come will have; all are before the first point. */
  needed(index: number): boolean {
    const { points } = this.#state;
    // What was copied of a disk that is being added is needed by the points to come.
    const arrives = (points.at(-1)?.arriving?.[index] ?? 0) > 0;
    return points.length === 0 || arrives || points.some(({ sizes }) => (sizes[index] ?? 0) > 0);
  }

  /** Makes the file of raw disk `index`, durably, as long as the disk may be; or opens one that is there. */
  *makeDisk(index: number, size = this.#state.sizes[index] ?? 0): Task<Disk> {
    const name = diskName(index);
    const made = (yield* this.folder.list()).includes(name)
      ? yield* this.folder.openDisk(name)
      : yield* this.folder.createDisk(name, size);
    try {
      if (made.size < size) yield* growDisk(made, size);
      yield* made.flush();
      yield* this.folder.flush();
    } catch (error) {
      yield* made.close();
      throw error;
    }
    this.#replace(index, made);
    return made;
  }

  /** The newest applied point: what the raw disks hold, but for an apply in progress. */
  get appliedPoint(): PointRecord | undefined {
    return this.#state.points[this.#state.applied - 1];
  }

  /** The next point to apply. */
  get nextPoint(): PointRecord | undefined {
    return this.#state.points[this.#state.applied];
  }

  /** True between the mark of an apply and its end: the raw disks hold neither point (R4). */
  get applyOpen(): boolean {
    const next = this.nextPoint;
    return next !== undefined && this.undos.has(next.id);
  }

  /** Which damage keeps each point from being read, oldest first; `undefined` for none (R1, R5). */
  broken(): (string | undefined)[] {
    const { points, applied } = this.#state;
    const reasons: (string | undefined)[] = points.map(() => undefined);
    let reason = this.applyOpen
      ? damageOf(this.undos.get((points[applied] as PointRecord).id))
      : "";
    for (let at = applied - 1; at >= 0; at--) {
      reasons[at] = reason || undefined;
      reason ||= damageOf(this.undos.get((points[at] as PointRecord).id), at > 0);
    }
    reason = "";
    for (let at = applied; at < points.length; at++) {
      reason ||= damageOf(this.staged.get((points[at] as PointRecord).id));
      reasons[at] = reason || undefined;
    }
    return reasons;
  }

  /** What keeps listed points from being read, each damage once, in the order of the points. */
  damages(): ReadonlySet<string> {
    const reasons = this.broken();
    const found = new Set<string>();
    this.#state.points.forEach(({ id }, at) => {
      const reason = reasons[at];
      if (reason !== undefined && !this.#unlisted(id)) found.add(reason);
    });
    return found;
  }

  /** The points as they are listed, oldest first. */
  points(): RecoveryPoint[] {
    const reasons = this.broken();
    const listed: RecoveryPoint[] = [];
    for (const [at, { id }] of this.#state.points.entries()) {
      if (!this.#unlisted(id)) listed.push(this.#listed(at, reasons[at]));
    }
    return listed;
  }

  #listed(at: number, reason: string | undefined): RecoveryPoint {
    const { applied, points, suspect } = this.#state;
    const unverified = suspect && reason === undefined;
    const broken = unverified ? UNVERIFIED : reason;
    return { ...points[at] as PointRecord, applied: at < applied, broken, unverified };
  }

  /**
   * The newest point of which no file is damaged: what a delta must be relative to (R2). Suspect disks
   * change nothing about that: they are compared before the delta is applied.
   */
  newest(): RecoveryPoint | undefined {
    const reasons = this.broken();
    const { points } = this.#state;
    const at = points.findLastIndex(({ id }, place) =>
      reasons[place] === undefined && !this.#unlisted(id)
    );
    return at < 0 ? undefined : this.#listed(at, undefined);
  }

  /**
   * What lies over the raw disks for a reader of `point`, first wins (R4): for an applied point the
   * undo files from the next point up, that of an apply in progress included; for a staged one the
   * staged deltas from it down. Throws `no-such-point` and `point-broken`.
   */
  layers(point: PointId): ExtentFile[] {
    const { points, applied } = this.#state;
    const place = points.findIndex((each) => each.id === point);
    if (place < 0 || this.#unlisted(point)) throw noSuchPoint(point);
    const reason = this.broken()[place];
    if (reason !== undefined) throw pointBroken(point, reason);
    const layers: ExtentFile[] = [];
    if (place < applied) {
      const end = this.applyOpen ? applied + 1 : applied;
      for (const each of points.slice(place + 1, end)) layers.push(fileOf(this.undos.get(each.id)));
    } else {
      const over = points.slice(applied, place + 1).reverse();
      for (const each of over) layers.push(fileOf(this.staged.get(each.id)));
    }
    return layers;
  }

  /** Reads raw disk `index`, which is closed behind the last reader should it be taken out meanwhile. */
  *readingRaw<T>(index: number, read: (disk: Disk | undefined) => Task<T>): Task<T> {
    const disk = this.disks[index];
    if (disk === undefined) return yield* read(undefined);
    this.#rawReads.set(disk, (this.#rawReads.get(disk) ?? 0) + 1);
    try {
      return yield* read(disk);
    } finally {
      const left = (this.#rawReads.get(disk) ?? 1) - 1;
      if (left > 0) this.#rawReads.set(disk, left);
      else {
        this.#rawReads.delete(disk);
        this.#rawRead.notify();
        if (this.#leaving.delete(disk)) yield* disk.close();
      }
    }
  }

  #unlisted(point: PointId): boolean {
    return this.dropping.has(point) || this.gone.has(point);
  }

  /** True when somebody needs `point` to stay. */
  held(point: PointId): boolean {
    if ((this.viewed.get(point) ?? 0) > 0) return true;
    for (const held of this.#state.holds.values()) if (held === point) return true;
    return false;
  }

  /**
   * The disks as they are, for the state (R9): it outlives a loss of power, so the stamps must, or a
   * disk that nobody changed would be suspect.
   */
  stamps(): Task<DiskIdentity[]> {
    return this.#identities({ lasting: true });
  }

  /** The disks as they are, to be compared with what the state says. */
  currentStamps(): Task<DiskIdentity[]> {
    return this.#identities({ lasting: false });
  }

  *#identities(options: { readonly lasting: boolean }): Task<DiskIdentity[]> {
    const stamps: DiskIdentity[] = [];
    for (const disk of this.disks) stamps.push(yield* disk.identity(options));
    return stamps;
  }

  /** Refuses while the disks may be otherwise than the state says (R9). */
  refuseSuspect(): void {
    if (!this.#state.suspect) return;
    throw localFailure(
      "disk-suspect",
      `The disks of "${this.#state.name}" are not as its last apply left them: somebody else ` +
        "changed them, or the state is an older one",
      "They are compared with their digests; until that ends well nothing is applied, and a " +
        "failover needs --unverified. If it does not, remove the machine here and seed it again",
    );
  }

  /**
   * Lets the raw disks go for good: they are the machine's from here on (R9). Crash before the state: they
   * are ours still, and whoever completes asks again. After it: they are never opened again.
   */
  *release(): Task<void> {
    yield* this.cutDisks();
    const stamps = yield* this.stamps();
    yield* this.commit((state) => ({ ...state, stamps, released: true }));
    const held = this.disks;
    for (const [index, disk] of held.entries()) {
      this.#replace(index, new ReleasedDisk(disk.size, stamps[index]));
    }
    for (const disk of held) yield* this.#closeBehindReaders(disk);
  }

  /** Closes a raw disk that nobody begins to read any more, when the last read of it that is under way has ended. */
  *#closeBehindReaders(disk: Disk): Task<void> {
    yield* this.#rawRead.until(() => !this.#rawReads.has(disk));
    yield* disk.close();
  }

  /**
   * Gives the files the sizes of the point that they hold. Behind that they are zeros, and what older points
   * have there is in its undo file (`failover/merge.ts`). A crash leaves files of either size, which the next
   * opening takes as they are.
   */
  *cutDisks(): Task<void> {
    const sizes = this.appliedPoint?.sizes ?? [];
    const { places } = this.#state;
    // One that was adopted where it lies stays as long as it is, zeros at its end.
    const fits = (disk: Disk, index: number) =>
      disk.size === (sizes[index] ?? 0) || (places[index] ?? null) !== null;
    if (this.disks.every(fits)) return;
    yield* this.commit((state) => ({ ...state, stamps: [] }));
    for (const [index, disk] of this.disks.entries()) {
      const size = sizes[index] ?? 0;
      if (fits(disk, index)) continue;
      const name = diskName(index);
      this.#replace(index, new AbsentDisk());
      yield* this.#closeBehindReaders(disk);
      if (size > 0) {
        const file = yield* this.folder.open(name);
        try {
          yield* file.truncate(size);
          yield* file.flush();
        } finally {
          yield* file.close();
        }
        this.#replace(index, yield* this.folder.openDisk(name));
      } else yield* this.folder.remove(name);
    }
    yield* this.folder.flush();
    const stamps = yield* this.stamps();
    yield* this.commit((state) => ({ ...state, stamps }));
  }

  /**
   * Removes the file of a disk that no point has, or lets it go where it was adopted: there it is not ours to
   * remove. What its digests count is nothing from then on.
   */
  *dropDisk(index: number): Task<void> {
    const nothing = toHex(new Uint8Array(DIGEST_SIZE));
    const absent = new AbsentDisk();
    const gone = yield* absent.identity();
    const adopted = (this.#state.places[index] ?? null) !== null;
    yield* this.commit((state) => {
      const points = state.points.map((point) => {
        const digests = point.digests.map((digest, disk) =>
          disk === index && digest !== "" ? nothing : digest
        );
        return { ...point, digests };
      });
      const stamps = state.stamps.map((stamp, disk) => disk === index ? gone : stamp);
      const places = state.places.map((place, disk) => disk === index ? null : place);
      return { ...state, points, stamps, places };
    });
    const disk = this.disks[index];
    this.#replace(index, absent);
    // Whoever reads a point to the end of every disk may be in the middle of this one, which that point does not have.
    if (disk !== undefined && this.#rawReads.has(disk)) this.#leaving.add(disk);
    else if (disk !== undefined) yield* disk.close();
    if (adopted) return;
    yield* this.folder.remove(diskName(index));
    yield* this.folder.flush();
  }

  #replace(index: number, disk: Disk): void {
    const raw = [...this.raw];
    for (let at = raw.length; at <= index; at++) {
      raw.push({ disk: new AbsentDisk(), logs: this.folder, stem: diskName(at) });
    }
    raw[index] = { ...raw[index] as GuestDisk, disk };
    this.raw = raw;
  }

  /** Gives everything back. Nothing may be in flight. */
  *close(): Task<void> {
    for (const files of [this.undos, this.staged]) {
      for (const file of files.values()) if (typeof file !== "string") yield* file.retire();
    }
    yield* this.#stateFile.close();
    for (const disk of this.disks) yield* disk.close();
  }
}

/** Why a file cannot be read; "" when it can, or is not needed and not there. */
function damageOf(file: HistoryFile | undefined, needed = true): string {
  if (typeof file === "string") return needed ? file : "";
  if (file === undefined) return needed ? "its file is missing" : "";
  return file.damage ?? "";
}

function fileOf(file: HistoryFile | undefined): ExtentFile {
  assert(
    file !== undefined && typeof file !== "string",
    "A point that is not broken has its files",
  );
  return file;
}

/** No such point is listed. */
export function noSuchPoint(point: PointId): Error {
  return requestFailure("no-such-point", `No such recovery point: ${point}`, "List the points");
}

function pointBroken(point: PointId, reason: string): Error {
  return requestFailure(
    "point-broken",
    `Recovery point ${point} cannot be read: ${reason}`,
    "Choose another recovery point",
  );
}
