/**
 * A guest's disk whose every change is known: the replicated disk as its server sees it.
 *
 * Rule of the write path: a region is hot, or its page covered, before its first write is submitted
 * (T1, T8), old contents that a frozen view needs are saved before (C2), and bits are set and the
 * request counted in the same step that hands it to the disk, so that a cut has it wholly before or
 * wholly behind (C1).
 * Reads go straight to the disk. It does not know replicas: somebody above takes what a view hands
 * out, and says what is durable over there.
 *
 * @module
 */

// Long because: the write path, the cut and the clearing of bits are one invariant over five sets.

import { assert } from "../base/assert.ts";
import { Failed, type Failure, isFailed, requestFailure } from "../base/failure.ts";
import { ISSUED_MAX } from "../base/limits.ts";
import type { PointId } from "../base/units.ts";
import { Bitmap } from "../block/bitmap.ts";
import type { Geometry } from "../block/geometry.ts";
import { type Extent, inside } from "../block/extent.ts";
import { type Disk, type DiskIdentity, growDisk, lostFlush, readInto } from "../ports/disk.ts";
import type { GuestDisk, Ports } from "../ports/ports.ts";
import { done, type Task } from "../runtime/task.ts";
import { BlockSet } from "./block_set.ts";
import { CowStore } from "./cow_store.ts";
import { DeltaView } from "./delta_view.ts";
import { Flight, Flights } from "./flights.ts";
import { Gate } from "./gate.ts";
import { Heartbeat, isLater } from "./heartbeat.ts";
import {
  logExists,
  makeLog,
  makeLogSince,
  type OpenedLog,
  openLog,
  removeLog,
  type Since,
} from "./hrl_open.ts";
import { type Intent, Journal } from "./journal.ts";
import { layoutOf } from "./hrl_layout.ts";
import { unionBits } from "./page_bits.ts";
import { TrackedWrite, type WritePath } from "./tracked_write.ts";
import type { Recovery, TrackingBase, TrackingOptions } from "./tracking_base.ts";
import { UnstagedClock } from "./unstaged_clock.ts";
import { unmark } from "./untrusted_mark.ts";

/** A request over more regions marks pages instead of heating regions (T8). */
const REGIONS_AT_ONCE_MAX = 16;
/** Times a write asks for its regions to be hot before it marks pages instead. */
const HEATS_MAX = 3;
/** Views given up in a row that make it an error in health (C4). */
const GIVE_UPS_MAX = 3;
/** Unreadable offsets that are listed. */
const UNREADABLE_MAX = 64;

/** A disk under protection. Serves its guest as a `Disk`. */
export class TrackedDisk implements Disk {
  /** Which disk of its machine it is. */
  readonly index: number;
  /** How it divides into blocks and regions. */
  readonly geometry: Geometry;
  /** What opening found. */
  readonly recovery: Recovery;
  /** In front of every write; closed for a cut, or for good. */
  readonly gate = new Gate();
  readonly #guest: GuestDisk;
  readonly #disk: Disk;
  /** As it is told: what is behind it is not written yet, and not cut. */
  #size: number;
  /** Regions that may be hot at once. */
  readonly #slots: number;
  readonly #blockSize: number;
  readonly #journal: Journal;
  readonly #heartbeat: Heartbeat;
  readonly #cow: CowStore;
  readonly #flights = new Flights();
  readonly #path: WritePath = {
    begin: (write) => this.#beginWrite(write),
    end: (write, done) => this.#endWrite(write, done),
  };
  readonly #unstaged: UnstagedClock;
  readonly #unreadable = new Map<number, Failure>();
  /** Changed since the last cut. */
  #current: BlockSet;
  /** Changed from the base to the last cut: the open delta, sent or not. */
  #delta: BlockSet;
  /** What of the delta the replica does not hold durably: waiting or in flight. */
  #rest: BlockSet;
  /** What of the delta was found equal at the base, and is marked on disk still (see `settleEqual`). */
  #equal: Bitmap;
  #view: DeltaView | undefined;
  #notices: readonly Failure[];
  #failed: Failure | undefined;
  #flushFailure: Failure | undefined;
  #giveUps = 0;
  #settling = false;
  #closed = false;

  private constructor(
    ports: Ports,
    guest: GuestDisk,
    options: TrackingOptions,
    opened: OpenedLog,
  ) {
    const { recovered, file } = opened;
    this.#guest = guest;
    this.#disk = guest.disk;
    this.#size = guest.disk.size;
    this.#slots = file.layout.slots;
    this.#blockSize = options.geometry.blockSize;
    this.geometry = options.geometry;
    this.index = options.disk;
    this.#unstaged = new UnstagedClock(ports.clock, !recovered.blocks.all.empty);
    this.#current = recovered.blocks;
    this.#delta = new BlockSet(file.layout.blocks);
    this.#rest = new BlockSet(file.layout.blocks);
    this.#equal = new Bitmap(file.layout.blocks);
    this.#notices = opened.notices;
    this.recovery = {
      kind: recovered.kind,
      reason: recovered.reason,
      suspectedBytes: recovered.blocks.suspected.count * this.#blockSize,
    };
    this.#cow = new CowStore(guest.logs, `${guest.stem}.cow`, this.#blockSize, options.cowSizeMax);
    this.#journal = new Journal({
      loop: ports.loop,
      name: guest.stem,
      options,
      file,
      header: recovered.header,
      copy: opened.copy,
      nextSequence: recovered.nextSequence,
      durableThrough: recovered.durableThrough,
      stored: recovered.stored,
      bits: unionBits({ delta: () => this.#delta, current: () => this.#current }),
    });
    this.#heartbeat = new Heartbeat({
      loop: ports.loop,
      clock: ports.clock,
      identity: () => this.#disk.identity(),
      inFlight: () => this.gate.submitted,
      now: (fresh) => this.#journal.now(fresh),
      said: () => this.#journal.header.stamp,
      say: (stamp) => this.#say(stamp),
    }, guest.stem);
  }

  /** Begins to track a disk: makes its `.hrl`, every block changed, base none. */
  static *create(ports: Ports, guest: GuestDisk, options: TrackingOptions): Task<TrackedDisk> {
    const opened = yield* makeLog(ports, guest, options);
    return yield* TrackedDisk.#begin(ports, guest, options, opened);
  }

  /**
   * Opens a tracked disk and recovers what changed. Fails with `wrong-disk`, `wrong-version` or
   * `disk-changed-size`; a missing or damaged log is no failure but costs a comparison.
   */
  static *open(ports: Ports, guest: GuestDisk, options: TrackingOptions): Task<TrackedDisk> {
    const opened = yield* openLog(ports, guest, options);
    return yield* TrackedDisk.#begin(ports, guest, options, opened);
  }

  /**
   * Makes the log of a disk that differs from a point in known blocks, and leaves it closed in order:
   * who opens the disk next goes on from there (L2). `guest` stays open.
   */
  static *createSince(
    ports: Ports,
    guest: GuestDisk,
    options: TrackingOptions,
    since: Since,
  ): Task<void> {
    const opened = yield* makeLogSince(ports, guest, options, since);
    const tracked = yield* TrackedDisk.#begin(ports, guest, options, opened);
    yield* tracked.detach();
  }

  static *#begin(
    ports: Ports,
    guest: GuestDisk,
    options: TrackingOptions,
    opened: OpenedLog,
  ): Task<TrackedDisk> {
    const tracked = new TrackedDisk(ports, guest, options, opened);
    try {
      // Old contents do not outlive a process (C3).
      yield* guest.logs.remove(`${guest.stem}.cow`);
      const { recovered, made, marked } = opened;
      if (!made) yield* tracked.#journal.begin(recovered.pages, recovered.kind === "whole");
      if (marked && tracked.#journal.trusted) yield* unmark(options);
      return tracked;
    } catch (error) {
      yield* tracked.#journal.close(undefined);
      throw error;
    }
  }

  /** Whether the disk has a replication log. */
  static exists(guest: GuestDisk): Task<boolean> {
    return logExists(guest);
  }

  /** Removes the replication log of a disk that is not open, durably. */
  static remove(guest: GuestDisk): Task<void> {
    return removeLog(guest);
  }

  /** Bytes. */
  get size(): number {
    return this.#size;
  }

  /** Blocks of it. */
  get #blocks(): number {
    return Math.ceil(this.#size / this.#blockSize);
  }

  /** What was asked of the disk before it grew tells another disk than the header does. */
  #say(stamp: DiskIdentity): Task<void> {
    if (stamp.size < this.#journal.header.stamp.size) return done(undefined);
    return this.#journal.update({ stamp });
  }

  /** What the bits are relative to (T4). */
  get base(): TrackingBase {
    return this.#journal.header.base;
  }

  /** Points issued since the base, oldest first (T4). */
  get issued(): readonly PointId[] {
    return this.#journal.header.issued;
  }

  /** Bytes of blocks changed here that no staged point has. */
  get backlogBytes(): number {
    const both = this.#rest.all.countBoth(this.#current.all);
    return (this.#rest.all.count + this.#current.all.count - both) * this.#blockSize;
  }

  /** Bytes of blocks that are still to be compared with the replica, because they are suspected. */
  get suspectedBytes(): number {
    const rest = this.#rest.suspected;
    const current = this.#current.suspected;
    return (rest.count + current.count - rest.countBoth(current)) * this.#blockSize;
  }

  /** True when no block is marked: the disk holds its base, and nothing was written since. */
  get unchanged(): boolean {
    return this.#current.all.empty && this.#delta.all.empty;
  }

  /** Whether a block is marked: changed or suspected since the base. */
  marked(block: number): boolean {
    return this.#current.all.has(block) || this.#delta.all.has(block);
  }

  /** The same of blocks `32 * word` to `32 * word + 31`, as bits, lowest first. */
  marks(word: number): number {
    return this.#current.all.word(word) | this.#delta.all.word(word);
  }

  /** The view of the open delta; dead once given up, `undefined` before the first cut. */
  get view(): DeltaView | undefined {
    return this.#view;
  }

  /** What health must show. */
  get troubles(): readonly Failure[] {
    const troubles = [...this.#notices, ...this.#unreadable.values()];
    const broken = this.#failed ?? this.#disk.failure;
    if (broken !== undefined) troubles.push(broken);
    if (this.#journal.trouble !== undefined) troubles.push(this.#journal.trouble);
    if (this.#giveUps >= GIVE_UPS_MAX) troubles.push(this.#livelock());
    if (this.#journal.header.issuedLost) troubles.push(this.#forgotten());
    return troubles;
  }

  #livelock(): Failure {
    const reason = this.#view?.givenUpBecause ?? "";
    return {
      code: "view-given-up",
      side: "local",
      message: `"${this.#guest.stem}": ${this.#giveUps} cuts in a row were given up: ${reason}`,
      action:
        "Choose a shorter frequency, so that less changes while it is sent, or give the link more bandwidth",
    };
  }

  #forgotten(): Failure {
    return {
      code: "not-the-base",
      side: "local",
      message:
        `"${this.#guest.stem}": more than ${ISSUED_MAX} points were begun since the last one`,
      action: "Nothing, if the next point completes; otherwise the whole disk is compared",
    };
  }

  /** When the first write was acknowledged that no staged point holds, by the monotonic clock, µs. */
  get oldestUnstaged(): number | undefined {
    return this.#unstaged.oldest;
  }

  /** Reads straight from the disk. */
  read(at: number, length: number): Task<Uint8Array> {
    if (this.#failed !== undefined) return failing(this.#failed);
    return this.#disk.read(at, length);
  }

  /** See `Disk`; copies where the disk below cannot. */
  readInto(at: number, into: Uint8Array): Task<void> {
    if (this.#failed !== undefined) return failing(this.#failed);
    return readInto(this.#disk, at, into);
  }

  /** Writes, the change tracked before it is submitted. Returns when the disk has (E4). */
  write(at: number, data: Uint8Array): Task<void> {
    // All of a generator but its iterator helpers, which no task uses.
    return new TrackedWrite(this.#path, this.#blockSize, at, data) as unknown as Task<void>;
  }

  #beginWrite(write: TrackedWrite): Task<void> {
    const { at, data, start, end } = write;
    if (!this.#worthwhile(at, data.length)) return done(undefined);
    if (!this.#ready(start, end)) return this.#writeLater(write);
    this.#submitWrite(write, undefined);
    return this.#disk.write(at, data);
  }

  *#writeLater(write: TrackedWrite): Task<void> {
    this.#submitWrite(write, yield* this.#prepare(write.start, write.end));
    yield* this.#disk.write(write.at, write.data);
  }

  #submitWrite(write: TrackedWrite, intent: Intent | undefined): void {
    this.#submit(write, intent);
    write.submitted = true;
    write.epoch = this.#current;
  }

  #endWrite(write: TrackedWrite, done: boolean): void {
    this.#flights.end(write);
    if (done) {
      this.#unstaged.acknowledged(write.epoch !== this.#current);
      if (this.#unreadable.size > 0) this.#unreadableAt(write.at, write.data.length, false);
    }
    this.gate.leave();
    this.#heartbeat.written();
  }

  /** Zeroes, the change tracked as metadata (C6). */
  *zero(at: number, length: number, options?: { readonly keepSpace?: boolean }): Task<void> {
    if (!this.#worthwhile(at, length)) return;
    const start = Math.floor(at / this.#blockSize);
    const end = Math.ceil((at + length) / this.#blockSize);
    const intent = this.#ready(start, end) ? undefined : yield* this.#prepare(start, end);
    const flight = new Flight(start, end, true);
    this.#submit(flight, intent);
    const epoch = this.#current;
    let done = false;
    try {
      yield* this.#disk.zero(at, length, options);
      done = true;
      this.#unstaged.acknowledged(epoch !== this.#current);
      if (this.#unreadable.size > 0) this.#unreadableAt(at, length, false);
    } finally {
      this.#flights.end(flight);
      const first = Math.ceil(at / this.#blockSize);
      const last = Math.floor((at + length) / this.#blockSize);
      // Known to be zero only once it is done, undisturbed, and for blocks covered whole.
      if (done && flight.calm && first < last) this.#current.addZero(first, last);
      this.gate.leave();
      this.#heartbeat.written();
    }
  }

  /** Makes returned writes durable. A failure fails the disk until it is opened again (T10). */
  *flush(): Task<void> {
    this.#refuse();
    try {
      yield* this.#disk.flush();
    } catch (error) {
      if (isFailed(error) && error.code !== "cancelled") this.#fail(error.failure);
      throw error;
    }
    this.#refuse();
  }

  /**
   * Makes the disk larger (C6). Order: space for the log; the disk, durably; the bits of the new range, all
   * changed, durably; the header with the new size; only then the size is told, in the step in which the bits
   * are set, so that a cut has the range wholly before or wholly behind. A crash before the disk has grown
   * leaves everything as it was; one before the header is durable leaves a disk that is larger than its log
   * knows, which the next start takes for one that grew while it was down: base kept, the old range
   * compared, the new one changed; one behind it leaves a log of the new size.
   */
  *grow(size: number): Task<void> {
    this.#refuseWrites();
    const layout = layoutOf(size, this.geometry, this.#slots);
    yield* this.#journal.reserve(layout);
    yield* this.#growDisk(size);
    this.#journal.extend(layout);
    for (const set of [this.#current, this.#delta, this.#rest]) set.grow(layout.blocks);
    this.#equal.grow(layout.blocks);
    const intent = yield* this.#journal.intend(this.#blocks, layout.blocks);
    try {
      const identity = yield* this.#disk.identity();
      const { changed } = this.#journal.header.stamp;
      // Writes may be in flight: the time that is allowed to them is not taken back.
      const stamp = isLater(changed, identity.changed) ? { ...identity, changed } : identity;
      yield* this.#journal.update({ diskSize: size, stamp });
      this.#current.addChanged(intent.start, intent.end);
      this.#size = size;
    } finally {
      this.#journal.forget(intent);
    }
    this.#heartbeat.written();
  }

  *#growDisk(size: number): Task<void> {
    const before = this.#disk.size;
    try {
      yield* growDisk(this.#disk, size);
    } catch (error) {
      const lost = isFailed(error) && error.code !== "cancelled" &&
        lostFlush(this.#disk, size, before);
      if (lost) this.#fail(error.failure);
      throw error;
    }
  }

  /** Who the disk is. */
  identity(options?: { readonly lasting?: boolean }): Task<DiskIdentity> {
    return this.#disk.identity(options);
  }

  /** Extents that may hold other than zeros. */
  allocated(at: number, length: number): Task<readonly Extent[]> {
    return this.#disk.allocated(at, length);
  }

  /** `closeClean`. */
  close(): Task<void> {
    return this.closeClean();
  }

  #worthwhile(at: number, length: number): boolean {
    this.#refuseWrites();
    if (inside(at, length, this.size)) return length > 0;
    throw requestFailure(
      "out-of-range",
      `Nothing can be written at ${at}: the disk ends before`,
      `Write inside its ${this.size} bytes, or let it grow: "warmsite vm disk grow"`,
    );
  }

  #refuse(): void {
    const broken = this.#failed ?? this.#disk.failure;
    if (broken !== undefined) throw new Failed(broken);
  }

  /** Requests that still wait when the disk is closed must not reach it behind the log's back. */
  #refuseWrites(): void {
    if (this.#closed) throw new Failed(closedFailure(this.#guest.stem));
    this.#refuse();
  }

  /** Why a flush of this disk failed: what it covered stays lost when tracking ends (T10). */
  get flushFailure(): Failure | undefined {
    return this.#flushFailure;
  }

  #fail(cause: Failure): void {
    this.#flushFailure ??= cause;
    this.#failed ??= {
      code: "disk-failed",
      side: "local",
      message: `The disk "${this.#guest.stem}" failed to make writes durable: ${cause.message}`,
      action: "Repair its storage, then restart the service",
    };
  }

  /** Whether blocks may be written at once: hot, nothing to save, gate open, and the header allows it. */
  #ready(start: number, end: number): boolean {
    if (this.gate.closed || !this.#heartbeat.allowed) return false;
    if (!this.#journal.ready(start, end)) return false;
    return this.#view === undefined || !this.#view.needs(start, end);
  }

  /**
   * Waits until blocks may be written. Each wait can undo what another one achieved (a region may be
   * evicted, a cut may open another view), so all is looked at again after each.
   */
  *#prepare(start: number, end: number): Task<Intent | undefined> {
    let intent: Intent | undefined;
    let heats = 0;
    try {
      for (;;) {
        this.#refuseWrites();
        if (intent === undefined && !this.#journal.ready(start, end)) {
          const wide = this.#journal.regionsOf(start, end) > REGIONS_AT_ONCE_MAX;
          if (wide || heats === HEATS_MAX) intent = yield* this.#journal.intend(start, end);
          else yield* this.#journal.heat(start, end);
          heats++;
        } else if (this.#view?.needs(start, end) === true) {
          yield* this.#view.save(start, end);
        } else if (this.gate.closed) {
          yield* this.gate.whenOpen();
        } else if (!this.#heartbeat.allowed) {
          yield* this.#heartbeat.allow();
        } else return intent;
      }
    } catch (error) {
      if (intent !== undefined) this.#journal.forget(intent);
      throw error;
    }
  }

  /** The step that hands a request to the disk: bits, count, and from here on no way back. */
  #submit(flight: Flight, intent: Intent | undefined): void {
    if (intent !== undefined) this.#journal.forget(intent);
    this.#current.addChanged(flight.start, flight.end);
    this.gate.enter();
    this.#flights.begin(flight);
  }

  #unreadableAt(at: number, length: number, failed: boolean): void {
    const message = `The disk "${this.#guest.stem}" cannot be read at offset ${at}`;
    if (failed && this.#unreadable.size < UNREADABLE_MAX) {
      const action = "Replace the disk, or have the guest overwrite this block";
      this.#unreadable.set(at, { code: "latent-sector", side: "local", message, action });
    }
    if (failed) return;
    for (const offset of [...this.#unreadable.keys()]) {
      if (offset >= at && offset + this.#blockSize <= at + length) this.#unreadable.delete(offset);
    }
  }

  /**
   * Takes what is changed now as one delta with what was not yet sent, and opens a view of it.
   * `frozen`: the gate is closed and drained. `live`: requests in flight stay marked, for whether
   * the view reads them before or after they land is open. `from`: see `DeltaView`.
   */
  swap(mode: "frozen" | "live", from?: number): void {
    assert(!this.#settling, "No delta is cut while one is being settled");
    this.#view?.detach();
    const cut = this.#current;
    this.#rest.absorb(cut);
    this.#delta.absorb(cut);
    // What was equal and was written since is to be sent like any other, and stays marked until it is staged.
    this.#equal.removeAll(cut.all);
    this.#current = new BlockSet(cut.size);
    this.#unstaged.cut();
    if (mode === "frozen") {
      assert(this.gate.closed && this.gate.submitted === 0, "A cut is made behind a drained gate");
    } else {
      this.#flights.each((start, end) => this.#current.addChanged(start, end));
    }
    const owner = {
      disk: this.#disk,
      size: this.#size,
      blockSize: this.#blockSize,
      cow: this.#cow,
      rest: this.#rest,
      equal: this.#equal,
      unreadable: (at: number, length: number, failed: boolean) => {
        if (failed || this.#unreadable.size > 0) this.#unreadableAt(at, length, failed);
      },
      givenUp: () => {
        this.#giveUps++;
      },
    };
    this.#view = new DeltaView(mode, owner, from);
  }

  /**
   * The replica has sealed the open delta as `point`. Order: flush of this disk, issued after the
   * cut (T3); the new base in the header, flushed (T4); only then the bits are cleared, and pages
   * written as *current* (T2). A crash before the header leaves the older base and all its bits;
   * a crash after it leaves bits that cost a comparison or a second transfer, never one too few.
   * Of a live view the point has what was released of it, and the rest stays changed.
   */
  staged(point: PointId): Task<void> {
    return this.#settled(point, () => this.#unstaged.staged());
  }

  /** The same for a point that a package holds: bits are relative to it, and no replica has it yet (M25). */
  exported(point: PointId): Task<void> {
    return this.#settled(point, () => this.#unstaged.exported());
  }

  /** The replica's newest point is the base: what was in a package has arrived. */
  confirmed(): void {
    this.#unstaged.arrived();
  }

  *#settled(point: PointId, count: () => void): Task<void> {
    assert(!this.#settling, "One delta is settled at a time");
    this.#settling = true;
    try {
      yield* this.flush();
      const place = this.issued.indexOf(point);
      const issued = place < 0 ? [] : this.issued.slice(place + 1);
      const base = { kind: "point", point } as const;
      yield* this.#journal.update({ base, issued, issuedLost: false });
      if (this.#view?.mode === "live") this.#returnRest();
      const cleared = this.#delta.all;
      this.#view?.detach();
      this.#view = undefined;
      this.#delta = new BlockSet(cleared.size);
      this.#rest = new BlockSet(cleared.size);
      this.#equal = new Bitmap(cleared.size);
      this.#giveUps = 0;
      this.#notices = [];
      count();
      yield* this.#journal.storeStaged(cleared);
      yield* this.#shrinkCow();
    } finally {
      this.#settling = false;
    }
  }

  /** What was not released is changed like what came after, and no part of the delta any more. */
  #returnRest(): void {
    const rest = this.#rest;
    for (const { start, end } of rest.all.runs()) this.#delta.remove(start, end);
    rest.absorb(this.#current);
    this.#current = rest;
  }

  /**
   * For live passes: clears the bits of what was released, after a flush issued later than they
   * were read (T3). A crash anywhere leaves more bits, never fewer.
   */
  *settle(): Task<void> {
    assert(!this.#settling, "One delta is settled at a time");
    this.#settling = true;
    try {
      const cleared = this.#delta.all.copy();
      cleared.removeAll(this.#rest.all);
      yield* this.flush();
      for (const { start, end } of cleared.runs()) this.#delta.remove(start, end);
      yield* this.#journal.storeCleared(cleared);
    } finally {
      this.#settling = false;
    }
  }

  /**
   * For live passes into a delta that is not sealed: clears the bits of what was found equal at the base, after
   * a flush issued later than it was read (T3), so that it is not compared again after a restart. What was sent
   * stays marked: nothing but the seal makes it part of a point (T4). A crash anywhere leaves more bits.
   */
  *settleEqual(): Task<void> {
    assert(!this.#settling, "One delta is settled at a time");
    this.#settling = true;
    try {
      const cleared = this.#equal.copy();
      cleared.removeAll(this.#rest.all);
      yield* this.flush();
      for (const { start, end } of cleared.runs()) this.#delta.remove(start, end);
      this.#equal.removeAll(cleared);
      yield* this.#journal.storeCleared(cleared);
    } finally {
      this.#settling = false;
    }
  }

  /**
   * The replica lost the open delta: all of it has to be sent again, from the next cut. What was equal at the
   * base is equal still, or was written since and is marked for that.
   */
  forgetProgress(): void {
    assert(!this.#settling, "No delta is forgotten while it is being settled");
    this.#view?.end("the replica lost what it had received");
    this.#rest = this.#delta.copy();
    for (const { start, end } of this.#equal.runs()) this.#rest.remove(start, end);
  }

  /**
   * Says what the bits are relative to from here on, durably; what was changed stays changed.
   * `suspectAll`: nothing is known of the difference to `base`, every block is to be compared.
   * `changed`: these blocks differ as well, for the other side changed them.
   * The bits are durable before the base that they are relative to.
   */
  *setBase(
    base: TrackingBase,
    options: { readonly suspectAll?: boolean; readonly changed?: Bitmap } = {},
  ): Task<void> {
    this.#reopenDelta();
    const { base: before } = this;
    // Of a seed nothing was believed to be there: what it holds was counted all the time.
    const other = before.kind === "point" && base.kind === "point" && before.point !== base.point;
    if (options.suspectAll === true && other) this.#unstaged.doubted();
    for (const { start, end } of options.changed?.runs() ?? []) {
      this.#current.addChanged(start, end);
    }
    if (options.suspectAll === true) this.#current.addSuspected(0, this.#blocks);
    if (options.suspectAll === true || options.changed !== undefined) {
      yield* this.#journal.storeAll();
    }
    yield* this.#journal.update({ base, issued: [], issuedLost: false });
    this.#notices = [];
  }

  /** Blocks are changed, durably, as if they had been written: the replica has them otherwise than its base should. */
  *markChanged(runs: readonly { readonly start: number; readonly end: number }[]): Task<void> {
    const blocks = new Bitmap(this.#current.size);
    for (const { start, end } of runs) {
      blocks.set(start, end);
      this.#current.addChanged(start, end);
    }
    // A crash before this leaves blocks that differ and that nobody knows of: as it was before they were found.
    yield* this.#journal.storeSet(blocks);
  }

  /** Every block is changed, durably: for a new initial replication. */
  *markAllChanged(): Task<void> {
    this.#reopenDelta();
    this.#current.addChanged(0, this.#blocks);
    yield* this.#journal.storeAll();
  }

  /** Every block is suspected, durably: for an initial replication to a copy that may hold most of them. */
  *markAllSuspected(): Task<void> {
    this.#reopenDelta();
    // A request in flight is marked again by the next swap.
    this.#current.remove(0, this.#current.size);
    this.#current.addSuspected(0, this.#current.size);
    yield* this.#journal.storeAll();
  }

  /** The open delta and what came after it are one again; its view ends. */
  #reopenDelta(): void {
    assert(!this.#settling, "No base is set while a delta is being settled");
    this.#view?.end("the delta began anew");
    this.#delta.absorb(this.#current);
    this.#current = this.#delta;
    this.#delta = new BlockSet(this.#current.size);
    this.#rest = new BlockSet(this.#current.size);
    this.#equal = new Bitmap(this.#current.size);
  }

  /** A point is about to be announced: durable in the header before this returns (T4). */
  *issue(point: PointId): Task<void> {
    // A cut of a disk that serves nobody any more would be one of what cannot be read.
    this.#refuse();
    const lost = this.#journal.header.issuedLost || this.issued.length === ISSUED_MAX;
    const issued = [...this.issued, point].slice(-ISSUED_MAX);
    yield* this.#journal.update({ issued, issuedLost: lost });
  }

  *#shrinkCow(): Task<void> {
    try {
      yield* this.#cow.shrink();
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
    }
  }

  /**
   * Closes disk and log in order (T6): the next start knows every bit and compares nothing. Where
   * the disk failed or cannot be flushed, they are closed as after a crash.
   */
  *closeClean(): Task<void> {
    if (this.#closed) return;
    yield* this.detach();
    yield* this.#disk.close();
  }

  /** Closes the log in order and leaves the disk open for whoever uses it untracked. */
  *detach(): Task<void> {
    assert(this.gate.submitted === 0, "A disk is closed with nothing in flight");
    this.#closed = true;
    this.#view?.end("the disk was closed");
    yield* this.#heartbeat.stop();
    yield* this.#journal.close(yield* this.#finalStamp());
    try {
      yield* this.#cow.remove();
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
    }
    this.#failed ??= closedFailure(this.#guest.stem);
  }

  *#finalStamp(): Task<DiskIdentity | undefined> {
    try {
      yield* this.flush();
      return yield* this.#disk.identity({ lasting: true });
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      return undefined;
    }
  }
}

function closedFailure(stem: string): Failure {
  const message = `The disk "${stem}" is closed`;
  const action =
    "Nothing, if its machine was removed or its server stops; otherwise restart the service";
  return { code: "disk-failed", side: "local", message, action };
}

/** A task that fails at once. */
// deno-lint-ignore require-yield
function* failing<T>(failure: Failure): Task<T> {
  throw new Failed(failure);
}
