/**
 * A guest's disk as it is exported: plain until replication is enabled, tracked from then on.
 *
 * Rule: the change from plain to tracked happens while no write is in flight, so that no write passes
 * untracked once tracking has begun. Knows nothing of replication.
 *
 * @module
 */

import { Failed, isFailed, localFailure } from "../base/failure.ts";
import { MiB } from "../base/units.ts";
import type { Extent } from "../block/extent.ts";
import { type Disk, type DiskIdentity, growDisk, lostFlush, readInto } from "../ports/disk.ts";
import { AbsentDisk } from "../history/raw_disk.ts";
import type { Folder } from "../ports/folder.ts";
import type { GuestDisk } from "../ports/ports.ts";
import type { Clock } from "../ports/clock.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import { ChurnMeter } from "../tracking/churn.ts";
import type { TrackedDisk } from "../tracking/tracked_disk.ts";
import { type PassingPath, PassingWrite } from "./passing_write.ts";

/** So much is zeroed in one request that keeps its space: a device may have to write all of it. */
const ZERO_PIECE = 8 * MiB;

/** What a disk is to its machine. */
export type DiskPart = "replicated" | "joining" | "excluded" | "removed";

/**
 * Why a flush of a disk failed, by its path: what it covered may be lost while it still reads, so that every later flush fails
 * as well until the service is restarted, also when the disk was taken out meanwhile and added back (T10).
 */
export type LostFlushes = Map<string, Failed>;

/** The gap that a disk leaves which was taken out of its machine. */
export function removedDisk(logs: Folder, clock: Clock): MachineDisk {
  const guest = { disk: new AbsentDisk(), logs, stem: "" };
  const gap = new MachineDisk("", guest, undefined, clock, new Map());
  gap.part = "removed";
  return gap;
}

/** One disk of a machine on the side where its guest runs. */
export class MachineDisk implements Disk {
  /** The path that the administrator gave. */
  readonly path: string;
  /** The disk and the place of its logs. */
  readonly guest: GuestDisk;
  /**
   * `joining`: its first copy is under way, and no point has it. `excluded`: served and not replicated. `removed`: a
   * gap, whose index is never used again.
   */
  part: DiskPart = "replicated";
  #tracked: TrackedDisk | undefined;
  /** Writes and flushes in flight. */
  #writes = 0;
  /** See `LostFlushes`; a flush that fails with tracking counts once that ends, which has a memory of its own. */
  readonly #lost: LostFlushes;
  #held = false;
  readonly #changed = new Signal();
  readonly #path: PassingPath = {
    begin: (write) => this.#beginWrite(write),
    end: () => this.#leave(),
  };

  /** How much of it is written, from the moment at which it was opened. */
  readonly churn: ChurnMeter;

  constructor(
    path: string,
    guest: GuestDisk,
    tracked: TrackedDisk | undefined,
    clock: Clock,
    lost: LostFlushes,
  ) {
    this.#lost = lost;
    this.churn = new ChurnMeter(clock);
    this.path = path;
    this.guest = guest;
    this.#tracked = tracked;
  }

  /** The tracking, once replication was enabled. */
  get tracked(): TrackedDisk | undefined {
    return this.#tracked;
  }

  /** Bytes. */
  get size(): number {
    return this.#target.size;
  }

  /** See `Disk`. Whoever asks lets tracking neither begin nor end meanwhile. */
  *grow(size: number): Task<void> {
    const { disk } = this.guest;
    const before = disk.size;
    try {
      yield* growDisk(this.#target, size);
    } catch (error) {
      const lost = isFailed(error) && error.code !== "cancelled" && lostFlush(disk, size, before);
      if (lost && this.#tracked === undefined) this.#lost.set(this.path, error);
      throw error;
    }
  }

  get #target(): Disk {
    return this.#tracked ?? this.guest.disk;
  }

  /**
   * Holds new writes back, waits for those in flight, and begins or ends tracking. It does not begin behind a failed
   * flush: what that lost would be sent as it is read, and its bits cleared (T10). What the guest wrote is made durable
   * before: a log that is made flushes the disk too (C6), and the guest would not know of a failure there.
   */
  *setTracked(make: Task<TrackedDisk | undefined>): Task<void> {
    yield* this.#changed.until(() => !this.#held);
    this.#held = true;
    try {
      yield* this.#changed.until(() => this.#writes === 0);
      const because = this.#lost.get(this.path);
      if (this.#tracked === undefined && because !== undefined) {
        throw localFailure(
          "disk-failed",
          `"${this.path}" cannot be protected: ${because.failure.message}`,
          "Repair its storage, then restart the service",
        );
      }
      const before = this.#tracked;
      if (before === undefined) yield* this.#flushGuest();
      this.#tracked = yield* make;
      // Nor does what a failed flush lost come back when tracking ends.
      const lost = before?.flushFailure;
      if (lost !== undefined) this.#lost.set(this.path, new Failed(lost));
    } finally {
      this.#held = false;
      this.#changed.notify();
    }
  }

  *#flushGuest(): Task<void> {
    try {
      yield* this.#target.flush();
    } catch (error) {
      const failed = isFailed(error) && error.code !== "cancelled";
      if (failed && this.#tracked === undefined) this.#lost.set(this.path, error);
      throw error;
    }
  }

  /** See `Disk`. */
  read(at: number, length: number): Task<Uint8Array> {
    return this.#target.read(at, length);
  }

  /** See `Disk`; copies where the disk below cannot. */
  readInto(at: number, into: Uint8Array): Task<void> {
    return readInto(this.#target, at, into);
  }

  /** See `Disk`. */
  write(at: number, data: Uint8Array): Task<void> {
    // All of a generator but its iterator helpers, which no task uses.
    return new PassingWrite(this.#path, at, data) as unknown as Task<void>;
  }

  #beginWrite(write: PassingWrite): Task<void> {
    if (this.#held) return this.#writeLater(write);
    this.#enter(write);
    return this.#target.write(write.at, write.data);
  }

  *#writeLater(write: PassingWrite): Task<void> {
    yield* this.#changed.until(() => !this.#held);
    this.#enter(write);
    yield* this.#target.write(write.at, write.data);
  }

  #enter(write: PassingWrite): void {
    this.#writes++;
    write.entered = true;
    this.churn.note(write.at, write.data.length);
  }

  /** As `zero`, its space kept; in pieces, so that a cut never waits for a long one. */
  *zeroKeepingSpace(at: number, length: number): Task<void> {
    for (let past = 0; past < length; past += ZERO_PIECE) {
      yield* this.zero(at + past, Math.min(ZERO_PIECE, length - past), { keepSpace: true });
    }
  }

  /** See `Disk`. */
  *zero(at: number, length: number, options?: { readonly keepSpace?: boolean }): Task<void> {
    if (this.#held) yield* this.#changed.until(() => !this.#held);
    this.#writes++;
    this.churn.note(at, length);
    try {
      yield* this.#target.zero(at, length, options);
    } finally {
      this.#leave();
    }
  }

  #leave(): void {
    this.#writes--;
    if (this.#held && this.#writes === 0) this.#changed.notify();
  }

  /** See `Disk`. Waits like a write: one that tracking ended beneath would fail, and the guest with it. */
  *flush(): Task<void> {
    if (this.#held) yield* this.#changed.until(() => !this.#held);
    this.#refuseLost();
    this.#writes++;
    try {
      yield* this.#flushGuest();
    } finally {
      this.#leave();
    }
    // One that failed meanwhile may have lost what this one should have made durable.
    this.#refuseLost();
  }

  /** What a failed flush covered is lost, and a later one that succeeds does not bring it back (T10). */
  #refuseLost(): void {
    const because = this.#lost.get(this.path);
    if (because !== undefined) throw because;
  }

  /** See `Disk`. */
  identity(options?: { readonly lasting?: boolean }): Task<DiskIdentity> {
    return this.#target.identity(options);
  }

  /** See `Disk`. */
  allocated(at: number, length: number): Task<readonly Extent[]> {
    return this.#target.allocated(at, length);
  }

  /** Closes tracking cleanly, then the disk. Nothing may be in flight. */
  close(): Task<void> {
    return this.#target.close();
  }
}
