/**
 * The store of one machine on a replica: raw disks at the newest applied point, staged deltas above,
 * undo files below, and a small doubled state (R1 to R11).
 *
 * Rule: this file only lets one thing at a time happen where that is needed: staging, and what writes
 * the raw disks. Views never wait for either (R4). What it does not know: peers, roles, failover.
 *
 * @module
 */

// Long because: one class is the whole interface of the history to the layers above; what it does is
// elsewhere.

import { assert } from "../base/assert.ts";
import { brokenProtocol, type Failed, type Failure } from "../base/failure.ts";
import { isFailed, localFailure, peerFailure, requestFailure } from "../base/failure.ts";
import { canonicalBytes, type Json } from "../base/json.ts";
import { DISKS_MAX, EXTENT_SIZE_MAX, POINTS_MAX } from "../base/limits.ts";
import { checkName, isName } from "../base/name.ts";
import type { GenerationId, MachineId, PointId, SeedId } from "../base/units.ts";
import { isIdentity, MiB } from "../base/units.ts";
import { inside } from "../block/extent.ts";
import { checkDiskSize, type Geometry } from "../block/geometry.ts";
import type { Disk } from "../ports/disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { GuestDisk, Ports } from "../ports/ports.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Task } from "../runtime/task.ts";
import { payloadDigest } from "../wire/chain.ts";
import type { StagedExtent } from "../wire/extent.ts";
import { type Retention, retentionText } from "../wire/retention.ts";
import { applyNext, discardBroken } from "./apply.ts";
import { EXTRA_MAX, HOLDS_MAX } from "./bounds.ts";
import { adoptReplica, type AdoptSpec, createReplica, type CreateSpec } from "./create_replica.ts";
import { HistoryCache } from "./history_cache.ts";
import { OpenDelta } from "./open_delta.ts";
import { openReplica } from "./open_replica.ts";
import { PointView } from "./point_view.ts";
import { type PointDeclaration, type PointRecord, type RecoveryPoint } from "./recovery_point.ts";
import { type HistoryFile, noSuchPoint, type ReplicaFiles } from "./replica_files.ts";
import { allocatedRaw, diskName, readRaw } from "./raw_disk.ts";
import { prune, shed } from "./retention.ts";
import { Seeding } from "./seeding.ts";
import { filedSizes, fits, largest } from "./store_state.ts";
import { saltFrom } from "./staging_record.ts";
import { keepReserve, spendReserve } from "./state_file.ts";
import { tryStorage } from "./storage_probe.ts";
import { unitDigests, type UnitSource } from "./unit_digests.ts";
import { verify } from "./verify.ts";

/** What an unsealed delta is relative to and how many of its records are durable. */
export interface OpenDeltaInfo {
  readonly id: string;
  readonly parent: PointId;
  readonly records: number;
}

/** One machine's recovery points and disks on this replica. */
export class ReplicaStore {
  readonly #files: ReplicaFiles;
  readonly #seeding: Seeding;
  #delta: OpenDelta | undefined;
  /** Held while the open delta's file is flushed, and by whatever must not happen meanwhile. */
  readonly #flushing = new Mutex();
  #stagedAt: number;
  #protectedTime: number;

  private constructor(files: ReplicaFiles, delta: OpenDelta | undefined, fresh: boolean) {
    this.#files = files;
    this.#delta = delta;
    this.#seeding = new Seeding(files, fresh);
    this.#stagedAt = files.ports.clock.now();
    this.#protectedTime = files.state.protectedTime;
  }

  /**
   * Makes a replica in an empty folder (what an unfinished create left is replaced): disks that read
   * as zeros, no point. Throws `exists`, `bad-argument`, `no-space`.
   */
  static *create(
    ports: Ports,
    folder: Folder,
    spec: CreateSpec,
    cache: HistoryCache = new HistoryCache(),
  ): Task<ReplicaStore> {
    checkName(spec.name, "machine");
    for (const size of spec.sizes) {
      if (size > 0) checkDiskSize(size, spec.geometry.blockSize, spec.name);
    }
    const fresh = spec.paths === undefined;
    return new ReplicaStore(yield* createReplica(ports, folder, spec, cache), undefined, fresh);
  }

  /**
   * Makes a replica of a machine's own disks, where they lie and as they are (L6). Throws `exists`,
   * `wrong-disk`, and what opening a disk fails with.
   */
  static *adopt(
    ports: Ports,
    folder: Folder,
    spec: AdoptSpec,
    cache: HistoryCache = new HistoryCache(),
  ): Task<ReplicaStore> {
    checkName(spec.name, "machine");
    return new ReplicaStore(yield* adoptReplica(ports, folder, spec, cache), undefined, false);
  }

  /** Opens a replica: finishes or takes back whatever a crash left, apply excepted (R1 to R4, R11). */
  static *open(
    ports: Ports,
    folder: Folder,
    cache: HistoryCache = new HistoryCache(),
  ): Task<ReplicaStore> {
    const { files, delta } = yield* openReplica(ports, folder, cache);
    return new ReplicaStore(files, delta, false);
  }

  /** The machine for its whole life. */
  get machine(): MachineId {
    return this.#files.state.machine;
  }

  /** The machine's name. */
  get name(): string {
    return this.#files.state.name;
  }

  /** Bytes that each disk may have, by index; points have sizes of their own. */
  get sizes(): readonly number[] {
    return this.#files.state.sizes;
  }

  /**
   * Disks may have these sizes from here on, where they are larger than what was said before; durably (C6). The
   * files grow with the first write that needs them to: an apply in the order of points, or an initial
   * replication. Nothing ever becomes smaller.
   */
  *announce(sizes: readonly number[]): Task<void> {
    const { blockSize } = this.#files.context;
    if (sizes.length > DISKS_MAX || sizes.some((size) => size % blockSize !== 0)) {
      throw peerFailure(
        "wrong-disk",
        `The disks of "${this.name}" cannot have these sizes`,
        `Make each of them a multiple of ${blockSize} bytes long at the primary, "warmsite vm disk grow", and have ` +
          `${DISKS_MAX} of them at most`,
      );
    }
    if (fits(sizes, this.sizes)) return;
    // Before there is a point what was written is known by the length of the files: they have it first. Crash
    // between the two: they are longer than the state says, and it is told by them.
    if (this.#files.state.points.length === 0) {
      yield* this.#files.applying.during(this.#files.growDisks(sizes));
    }
    // Crash before: the next handshake says it again. After: files are shorter than they may be.
    yield* this.#files.commit((state) => ({ ...state, sizes: largest(state.sizes, sizes) }));
  }

  get geometry(): Geometry {
    return this.#files.state.geometry;
  }

  /** The generation as the upper layers last set it. */
  get generation(): GenerationId {
    return this.#files.state.generation;
  }

  /** Which points are kept. */
  get retention(): Retention {
    return this.#files.state.retention;
  }

  /** The upper layers' small document. */
  get extra(): Json {
    return this.#files.state.extra;
  }

  /**
   * Replaces the document, and the generation with it, durably. Needs no new space (R10); throws
   * `no-space` for a document of more than `EXTRA_MAX` bytes.
   */
  *setExtra(extra: Json, generation?: GenerationId): Task<void> {
    const { length } = canonicalBytes(extra);
    if (length > EXTRA_MAX) {
      throw localFailure(
        "no-space",
        `A document of ${length} bytes does not fit into the state of "${this.name}"`,
        `Nothing was changed. Export the points that are needed, "warmsite points export ${this.name}"; then remove the ` +
          "replica and replicate the machine anew",
      );
    }
    yield* this.#files.commit((state) => {
      return { ...state, extra, generation: generation ?? state.generation };
    });
  }

  /** True once the raw disks were let go: they are the machine's own. */
  get released(): boolean {
    return this.#files.state.released;
  }

  /**
   * Lets the raw disks go, durably: whoever completed a failover starts the machine from their files
   * (R9). Nothing may be staged or applied half. They are neither opened nor locked here again.
   */
  *release(): Task<void> {
    assert(this.newest?.applied === true && !this.applyOpen, "Only whole disks are let go");
    if (!this.released) yield* this.#files.applying.during(this.#files.release());
  }

  /**
   * Gives the raw disks the sizes of the newest point, which a failover to a point from before they grew has
   * merged, and which is applied (R8).
   */
  *fitDisks(): Task<void> {
    assert(this.newest?.applied === true && !this.applyOpen, "Only whole disks are cut");
    yield* this.#files.applying.during(this.#files.cutDisks());
  }

  /** Where the raw disks lie, for people; theirs to use only after the failover was completed (R9). */
  get diskFiles(): readonly string[] {
    return this.diskPaths.filter((path) => path !== "");
  }

  /** The same by index; "" for an index without a disk. */
  get diskPaths(): readonly string[] {
    const { folder, state, appliedPoint } = this.#files;
    const sizes = appliedPoint?.sizes ?? state.sizes;
    return sizes.map((size, disk) =>
      size === 0 ? "" : state.places[disk] ?? `${folder.path}/${diskName(disk)}`
    );
  }

  /** Paths of the disks that lie elsewhere than in this folder, for they were the machine's own; else null. */
  get adopted(): readonly (string | null)[] {
    return this.#files.state.places;
  }

  /** The raw disks with the places of their replication logs: for who begins to track them (L2). */
  get rawDisks(): readonly GuestDisk[] {
    return this.#files.raw;
  }

  /** True while nobody has read the adopted disks yet: their digests are not known (R6). */
  get undigested(): boolean {
    return this.#files.appliedPoint?.digests.includes("") === true;
  }

  /** The points, oldest first; those staged and not applied included. */
  get points(): readonly RecoveryPoint[] {
    return this.#files.points();
  }

  /** The newest point without damage, applied or not: what a delta must be relative to (R2). */
  get newest(): RecoveryPoint | undefined {
    return this.#files.newest();
  }

  /** The initial replication in progress. */
  get seed(): SeedId | undefined {
    return this.#files.state.seed;
  }

  /** The delta that was begun and not sealed. */
  get openDelta(): OpenDeltaInfo | undefined {
    const delta = this.#delta;
    if (delta === undefined) return undefined;
    return { id: delta.header.id, parent: delta.header.parent, records: delta.durable };
  }

  /** True from the mark of an apply to its end: the raw disks hold no point then (R4, R9). */
  get applyOpen(): boolean {
    return this.#files.applyOpen;
  }

  /** True when the disks may be otherwise than the state says: nothing is applied or read (R9). */
  get suspect(): boolean {
    return this.#files.state.suspect;
  }

  /** The points that durable holds keep, by the name of the hold. */
  get holds(): ReadonlyMap<string, PointId> {
    return this.#files.state.holds;
  }

  /** How many points are gone whose undo files wait to be merged. */
  get waiting(): number {
    return this.#files.gone.size;
  }

  /** How many views of `point` are open. */
  views(point: PointId): number {
    return this.#files.viewed.get(point) ?? 0;
  }

  /** Bytes of the files of `point`: what leads from it to the next older one, and its staged delta. */
  storedBytes(point: PointId): { readonly undoBytes: number; readonly stagedBytes: number } {
    const sizeOf = (file: HistoryFile | undefined) =>
      file === undefined || typeof file === "string" ? 0 : file.size;
    const { undos, staged } = this.#files;
    return { undoBytes: sizeOf(undos.get(point)), stagedBytes: sizeOf(staged.get(point)) };
  }

  /** Looks whether storage that has refused takes data again; throws what fails. */
  tryStorage(): Task<void> {
    return tryStorage(this.#files.folder);
  }

  /** Gives the reserve up, so that what must not fail for want of space finds some (R10). */
  spendReserve(): Task<void> {
    return spendReserve(this.#files.folder);
  }

  /** Takes the reserve again, if it was given up and there is room. */
  keepReserve(): Task<void> {
    return keepReserve(this.#files.folder);
  }

  /** What health must show. */
  get troubles(): readonly Failure[] {
    const troubles = [...this.#files.notes.values()];
    if (this.suspect) {
      try {
        this.#files.refuseSuspect();
      } catch (error) {
        if (isFailed(error)) troubles.push(error.failure);
      }
    }
    for (const message of this.#files.damages()) {
      const action = "Check the disk under it; recovery points that need it are marked broken";
      troubles.push({ code: "damaged", side: "local", message, action });
    }
    return troubles;
  }

  /**
   * Begins or resumes an initial replication of disks that take `space` bytes where they are (C5). Throws
   * `wrong-state` when there are points, `no-space` when there is no room for them (R10).
   */
  beginSeed(seed: SeedId, space = 0): Task<void> {
    return this.#files.applying.during(this.#seeding.begin(seed, space));
  }

  /**
   * Writes an extent of the seed; `content` is its checked bytes, `undefined` for zeros, and `digest`
   * their set digest if it is known.
   */
  *seedWrite(
    extent: StagedExtent,
    content: Uint8Array | undefined,
    digest?: Uint8Array,
  ): Task<void> {
    this.#checkExtent(extent);
    assert(
      (content?.length ?? extent.length) === extent.length,
      "Content is as long as its extent",
    );
    yield* this.#files.applying.during(this.#seeding.write(extent, content, digest));
  }

  /** Makes everything written so far durable. */
  seedFlush(): Task<void> {
    return this.#files.applying.during(this.#seeding.flush());
  }

  /** Ends the initial replication: `point` is the first recovery point, applied. */
  *publishSeed(point: PointDeclaration): Task<void> {
    this.#checkDeclaration(point);
    yield* this.#files.applying.during(this.#seeding.publish(this.#padded(point)));
    this.#stagedAt = this.#files.ports.clock.now();
  }

  /**
   * Begins or resumes delta `id` on `parent`, which must be the newest point that can be read (R2).
   * Another unsealed delta is dropped, and so is this one when it grew too long. Returns how many
   * records are durable: 0 for a new one.
   */
  startDelta(id: string, parent: PointId, generation: GenerationId): Task<number> {
    return this.#exclusively(this.#startDelta(id, parent, generation));
  }

  *#startDelta(id: string, parent: PointId, generation: GenerationId): Task<number> {
    if (!isName(id)) throw brokenProtocol("A delta has no proper name");
    this.#checkParent(parent);
    const { header } = this.#delta ?? {};
    if (this.#delta !== undefined && header !== undefined) {
      const same = header.id === id && header.parent === parent && header.generation === generation;
      if (same && !this.#delta.sealed && !this.#delta.overfull) {
        this.#delta.rewind();
        return this.#delta.durable;
      }
      yield* this.#dropDelta();
    }
    // Broken points above the parent can never be applied; an apply of theirs is rolled back (R1).
    const { state } = this.#files;
    if (state.points.at(-1)?.id !== parent) {
      yield* this.#files.applying.during(discardBroken(this.#files));
    }
    const { machine } = this.#files.state;
    const salt = saltFrom(this.#files.ports.entropy.bytes(4));
    const head = { machine, id, parent, generation, salt };
    const { context, staging } = this.#files;
    this.#delta = yield* OpenDelta.create(context, staging, head);
    return 0;
  }

  #checkParent(parent: PointId): void {
    const newest = this.newest;
    if (newest?.id === parent) return;
    throw peerFailure(
      "wrong-parent",
      `A delta on ${parent} does not go on from the newest recovery point ${
        newest?.id ?? "(none)"
      }`,
      "Resynchronize the machine",
    );
  }

  /** Appends a record to the open delta; its bytes may be reused when this returns. */
  *append(extent: StagedExtent): Task<void> {
    this.#checkExtent(extent);
    const digest = yield* payloadDigest(this.#files.context.codec, extent);
    yield* this.#files.stagingLock.lock();
    try {
      yield* this.#open().append(extent, digest);
    } finally {
      this.#files.stagingLock.unlock();
    }
  }

  /** Runs `task` while neither an append nor a flush of the open delta is under way. */
  #exclusively<T>(task: Task<T>): Task<T> {
    return this.#flushing.during(this.#files.stagingLock.during(task));
  }

  /** Makes the open delta durable; returns its number of durable records. Appending goes on. */
  flushDelta(): Task<number> {
    return this.#flushing.during(this.#flushDelta());
  }

  *#flushDelta(): Task<number> {
    const { stagingLock } = this.#files;
    const delta = this.#open();
    const reached = yield* stagingLock.during(delta.drain());
    let flushed = false;
    try {
      yield* delta.flushFile();
      flushed = true;
    } finally {
      // Not in the middle of an append.
      yield* stagingLock.lock();
      if (flushed) delta.reached(reached);
      else delta.rewind();
      stagingLock.unlock();
    }
    return delta.durable;
  }

  #open(): OpenDelta {
    if (this.#delta !== undefined && !this.#delta.sealed) return this.#delta;
    throw noDelta();
  }

  /**
   * Seals the open delta as `point` if it has exactly `records` and `digest` (R1): afterwards the
   * point is listed and can be failed over to, whatever happens. May be repeated after a failure.
   */
  seal(point: PointDeclaration, records: number, digest: Uint8Array): Task<void> {
    return this.#exclusively(this.#seal(point, records, digest));
  }

  *#seal(point: PointDeclaration, records: number, digest: Uint8Array): Task<void> {
    const delta = this.#delta;
    if (delta === undefined) throw noDelta();
    this.#checkDeclaration(point);
    const { parent, generation } = delta.header;
    if (point.parent !== parent || point.generation !== generation) {
      throw brokenProtocol(`Point ${point.id} is not that of its delta`);
    }
    this.#checkParent(parent);
    if (this.#files.state.points.at(-1)?.id !== parent) {
      throw localFailure("wrong-state", "Broken points came above the delta", "Start it again");
    }
    delta.check(records, digest);
    if (this.#files.state.points.length >= POINTS_MAX) {
      throw localFailure("no-space", "Too many recovery points", "Keep fewer: a shorter retention");
    }
    const now = this.#files.ports.clock.now();
    const protectedAt = this.#protectedTime + Math.max(1, now - this.#stagedAt);
    const digests = this.sizes.map(() => "");
    // Crash before the rename is durable: the delta is open still. After it, before the state: opening
    // finds a sealed delta on the newest point and lists it. After the state: the point is listed.
    const record = yield* delta.seal({ ...this.#padded(point), protectedAt, digests });
    yield* this.#list(delta, record, now);
  }

  /**
   * Lists a delta whose seal was cancelled, or failed, behind its rename, as opening would; returns its
   * point. Else the primary would send again, record for record, what is here already. One that cannot be
   * listed stays for whoever begins the next delta to drop.
   */
  finishSeal(): Task<PointId | undefined> {
    return this.#exclusively(this.#finishSeal());
  }

  *#finishSeal(): Task<PointId | undefined> {
    const delta = this.#delta;
    const sealed = delta?.sealedAs;
    if (delta === undefined || sealed === undefined) return undefined;
    // What it goes on from was damaged or taken back meanwhile: whoever begins another delta drops it.
    const onNewest = this.newest?.id === sealed.parent &&
      this.#files.state.points.at(-1)?.id === sealed.parent;
    if (!onNewest || this.#files.state.points.length >= POINTS_MAX) return undefined;
    try {
      yield* this.#list(delta, yield* delta.seal(sealed), this.#files.ports.clock.now());
      return sealed.id;
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      return undefined;
    }
  }

  *#list(delta: OpenDelta, record: PointRecord, now: number): Task<void> {
    const file = yield* delta.reopen(this.#files.context);
    let listed = false;
    try {
      yield* this.#files.commit((state) => {
        const points = [...state.points, record];
        return { ...state, points, protectedTime: record.protectedAt };
      }, true);
      this.#files.staged.set(record.id, file);
      listed = true;
    } finally {
      if (!listed) yield* file.retire();
    }
    this.#delta = undefined;
    this.#stagedAt = now;
    this.#protectedTime = record.protectedAt;
    yield* delta.close();
  }

  /** Forgets the open delta and what it has staged. */
  dropDelta(): Task<void> {
    return this.#exclusively(this.#dropDelta());
  }

  *#dropDelta(): Task<void> {
    const delta = this.#delta;
    if (delta === undefined) return;
    // A state that failed or was cancelled on its way may list the point all the same: one that does
    // not must be the newest before the file goes.
    if (delta.sealed) yield* this.#files.commit((state) => ({ ...state }));
    // Crash before: the delta is there, and resumed or dropped again. No point knows of it.
    yield* this.#files.staging.remove(delta.name);
    yield* this.#files.staging.flush();
    this.#delta = undefined;
    yield* delta.close();
  }

  /**
   * Applies one staged delta, or finishes the apply that a crash left (R3). `undefined` when there is
   * nothing to do. Throws `disk-suspect` (R9), `damaged` (R1), `no-space`; points stay readable.
   */
  *applyNext(): Task<PointId | undefined> {
    yield* this.#files.applying.lock();
    try {
      return yield* applyNext(this.#files);
    } finally {
      this.#files.applying.unlock();
    }
  }

  /**
   * Opens a point for reading, at once; it stays until the view is closed (R4). Throws `no-such-point`,
   * `point-broken`, and while the disks are suspect `disk-suspect`, unless that is said to be known.
   */
  // deno-lint-ignore require-yield -- the contract leaves room for a view that has files of its own
  *view(point: PointId, options: { readonly unverified?: boolean } = {}): Task<PointView> {
    if (options.unverified !== true) this.#files.refuseSuspect();
    return PointView.open(this.#files, point);
  }

  /** Drops the points that retention and holds do not keep; returns them (R7). */
  *prune(): Task<readonly PointId[]> {
    yield* this.#files.applying.lock();
    try {
      return yield* prune(this.#files);
    } finally {
      this.#files.applying.unlock();
    }
  }

  /** True where the open delta is longer than its disks allow: no space would let it go on. */
  get overfull(): boolean {
    return this.#delta?.overfull === true;
  }

  /** Drops the oldest point to make room, whatever retention says, unless it is held (R10). */
  *shed(): Task<readonly PointId[]> {
    yield* this.#files.applying.lock();
    try {
      return yield* shed(this.#files);
    } finally {
      this.#files.applying.unlock();
    }
  }

  /** Which points to keep; `prune` makes it so. A longer retention may bring back what has just gone. */
  *setRetention(retention: Retention): Task<void> {
    if (retentionText(retention) === retentionText(this.retention)) return;
    yield* this.#files.commit((state) => ({ ...state, retention }));
  }

  /** Keeps `point` until `unhold(name)`, across restarts (R7). Needs no new space (R10). */
  *hold(point: PointId, name: string): Task<void> {
    checkName(name, "hold");
    // A view's hold covers the time until the state is durable.
    const view = PointView.open(this.#files, point);
    try {
      yield* this.#files.commit((state) => {
        if (!state.points.some((each) => each.id === point)) throw noSuchPoint(point);
        const holds = new Map(state.holds).set(name, point);
        if (holds.size > HOLDS_MAX) {
          throw requestFailure("busy", "Too many points are held", "End a test failover first");
        }
        return { ...state, holds };
      });
    } finally {
      yield* view.close();
    }
  }

  /** Lets the hold go; none of that name is no failure. */
  *unhold(name: string): Task<void> {
    if (!this.#files.state.holds.has(name)) return;
    yield* this.#files.commit((state) => {
      const holds = new Map(state.holds);
      holds.delete(name);
      return { ...state, holds };
    });
  }

  /**
   * BLAKE3 of every `unit` bytes of `[at, at + length)`, 32 bytes apiece, the last unit cut off where the disk
   * ends: of the newest point's content, staged included (L3); during an initial replication, of the raw disk.
   */
  *blockDigests(disk: number, at: number, length: number, unit: number): Task<Uint8Array> {
    const raw = this.#files.disks[disk];
    const { blockSize, codec, sizes } = this.#files.context;
    const end = sizes[disk] ?? 0;
    // The last unit of a disk may be cut short; which disk's, the primary knows.
    const whole = length % blockSize === 0;
    const sound = unit >= blockSize && unit <= EXTENT_SIZE_MAX && unit % blockSize === 0 &&
      whole && length > 0 && length <= COMPARE_MAX;
    if (!sound || !inside(at, length, end)) {
      throw brokenProtocol(`Cannot digest ${length} bytes at ${at} of disk ${disk}`, "malformed");
    }
    const point = this.newest?.id;
    const view = point === undefined ? undefined : PointView.open(this.#files, point);
    const source = view === undefined
      ? sourceOf({
        read: (from, size) => readRaw(raw, from, size),
        allocated: (from, size) => allocatedRaw(raw, from, size),
      })
      : sourceOf({
        read: (from, size) => view.read(disk, from, size),
        allocated: (from, size) => view.allocated(disk, from, size),
      });
    try {
      return yield* unitDigests(codec, source, at, length, unit);
    } finally {
      if (view !== undefined) yield* view.close();
    }
  }

  /**
   * Reads the newest applied point and compares it with its set digests (R6, R9). Returns what
   * differs, in words; nothing means that all is well, and ends suspicion.
   */
  *verify(): Task<readonly string[]> {
    yield* this.#files.applying.lock();
    try {
      return yield* verify(this.#files);
    } finally {
      this.#files.applying.unlock();
    }
  }

  /**
   * A comparison found that the disks differ from those of the primary. Perhaps for something that rotted here,
   * and then the set digests count what is not there any more: an apply to come counts them anew (R6).
   */
  *doubt(): Task<void> {
    const newest = this.newest?.id;
    if (newest === undefined || this.#files.state.doubted === newest) return;
    // Crash before: nobody was told of the difference. After: the next apply reads the disks once.
    yield* this.#files.commit((state) => ({ ...state, doubted: newest }));
  }

  /** Gives files, disks and locks back, after what is in progress. Open views are over. */
  *close(): Task<void> {
    yield* this.#flushing.lock();
    yield* this.#files.stagingLock.lock();
    yield* this.#files.applying.lock();
    if (this.#delta !== undefined) yield* this.#delta.close();
    this.#delta = undefined;
    yield* this.#files.close();
  }

  #checkExtent(extent: StagedExtent): void {
    const { blockSize } = this.#files.context;
    const size = this.sizes[extent.disk];
    const aligned = extent.at % blockSize === 0 && extent.length % blockSize === 0;
    if (size !== undefined && aligned && inside(extent.at, extent.length, size)) return;
    throw brokenProtocol(
      `An extent of ${extent.length} bytes at ${extent.at} does not fit disk ${extent.disk}`,
      "malformed",
    );
  }

  /** `point` with a size for every index that is known here: those that its writer did not know have no disk. */
  #padded(point: PointDeclaration): PointDeclaration {
    return { ...point, sizes: this.sizes.map((_, disk) => point.sizes[disk] ?? 0) };
  }

  #checkDeclaration(point: PointDeclaration): void {
    const known = this.#files.state.points.some((each) => each.id === point.id);
    const sound = isIdentity(point.id) && isIdentity(point.generation) &&
      Number.isSafeInteger(point.cutAt) && point.cutAt >= 0;
    // A failover makes disks of these sizes, and a complete must not fail for them.
    const { blockSize } = this.geometry;
    const { placeholders = [], arriving = [], sizes } = point;
    const odd = [...placeholders, ...arriving].some((size) => size % blockSize !== 0);
    const twice = arriving.some((size, disk) => size > 0 && (sizes[disk] ?? 0) > 0);
    if (!sound || known || odd || twice || !fits(filedSizes(point), this.sizes)) {
      throw brokenProtocol(
        known ? `Recovery point ${point.id} exists` : `Point ${point.id} does not fit the machine`,
      );
    }
  }
}

/** Bytes of one comparison, at most. */
const COMPARE_MAX = 64 * MiB;

function sourceOf(disk: Pick<Disk, "read" | "allocated">): UnitSource {
  return {
    read: (at, length) => disk.read(at, length),
    *isHole(at, length) {
      return (yield* disk.allocated(at, length)).length === 0;
    },
  };
}

function noDelta(): Failed {
  return requestFailure(
    "wrong-state",
    "No delta is open",
    "Nothing: its primary begins one with the next cycle",
  );
}
