/**
 * Disks of the real world: raw image files and block devices.
 *
 * Rule: one exclusive lock while open (T9); a device that is mounted is refused. A failed flush
 * fails the disk until it is opened again (T10), because the kernel forgets what it could not
 * write. A range is given back as a hole, or zeroed in place, where the file system or device can, and
 * else written as zeros. That the file became shorter, or was removed, is seen when a read comes back short and at
 * each flush.
 *
 * @module
 */
// Long because: every path of the port, with what the kernel may answer to each.

import * as fs from "node:fs";
import * as path from "node:path";
import { type Extent, inside } from "../core/block/extent.ts";
import { isFailed, localFailure, requestFailure } from "../core/base/failure.ts";
import { KiB, MiB } from "../core/base/units.ts";
import type { Disk, DiskIdentity } from "../core/ports/disk.ts";
import type { Task } from "../core/runtime/task.ts";
import { type BlockDevice, describeBlockDevice, deviceNumber } from "./block_device.ts";
import { lockDevice, lockImage, type Unlock } from "./file_lock.ts";
import { Flusher } from "./flusher.ts";
import { libc } from "./libc.ts";
import { errorName, osFailure } from "./os_failure.ts";
import { PositionalIo } from "./positional_io.ts";
import { promiseTask } from "./real_loop.ts";
import { nextTurn, turnIsUp } from "./turn.ts";

/** A longer hole is made on another thread. */
const HOLE_HERE_MAX = 4 * MiB;
/** The unit in which a bad place on a disk is named. */
const SEARCH_UNIT = 4 * KiB;
/** What is written where no hole can be made. Never changed. */
const ZEROS = new Uint8Array(MiB);

/** How to open a disk. */
export interface OpenDiskOptions {
  /** Make a new sparse file of this many bytes; fails with `exists`. */
  readonly create?: number;
}

/** Opens the image file or block device at `path` and locks it. */
export function openDisk(file: string, options: OpenDiskOptions = {}): FileDisk {
  let descriptor = -1;
  try {
    descriptor = openDescriptor(file, options);
    const stat = fs.fstatSync(descriptor, { bigint: true });
    if (!stat.isFile() && !stat.isBlockDevice()) {
      throw requestFailure(
        "bad-argument",
        `Cannot use "${file}" as a disk: it is neither a file nor a block device`,
        "Name a raw image file or a block device",
      );
    }
    const device = stat.isBlockDevice() ? describeBlockDevice(file, stat.rdev) : undefined;
    const unlock = (device === undefined ? lockImage : lockDevice)(descriptor, file);
    return new FileDisk(file, descriptor, device, device?.size ?? Number(stat.size), unlock);
  } catch (error) {
    if (descriptor >= 0) fs.closeSync(descriptor);
    throw osFailure(error, `open "${file}"`);
  }
}

function openDescriptor(file: string, { create }: OpenDiskOptions): number {
  if (create === undefined) return fs.openSync(file, fs.constants.O_RDWR);
  const descriptor = fs.openSync(file, "wx+", 0o600);
  try {
    fs.ftruncateSync(descriptor, create);
  } catch (error) {
    fs.closeSync(descriptor);
    fs.rmSync(file);
    throw error;
  }
  return descriptor;
}

function deviceOf(descriptor: number): bigint {
  return fs.fstatSync(descriptor, { bigint: true }).rdev;
}

/** `Disk` on one descriptor. Made by `openDisk`. */
export class FileDisk implements Disk {
  /** As the administrator named it. */
  readonly path: string;
  /** What the kernel knows of a block device; `undefined` for an image file. */
  readonly device: BlockDevice | undefined;
  #size: number;
  readonly #descriptor: number;
  readonly #unlock: Unlock;
  readonly #io: PositionalIo;
  readonly #flusher: Flusher;
  /** As `#flusher`, the time of the last change included. */
  readonly #syncer: Flusher;
  #failed = false;

  constructor(
    file: string,
    descriptor: number,
    device: BlockDevice | undefined,
    size: number,
    unlock: Unlock,
  ) {
    this.path = file;
    this.#size = size;
    this.device = device;
    this.#descriptor = descriptor;
    this.#unlock = unlock;
    this.#io = new PositionalIo(descriptor);
    // Noted here and not where the flush is awaited: whoever waited may have been cancelled, which
    // says nothing about the disk.
    const flusher = (sync: typeof fs.fsync) =>
      new Flusher((finish) =>
        sync(descriptor, (error) => {
          if (error !== null) this.#failed = true;
          finish(error);
        })
      );
    this.#flusher = flusher(fs.fdatasync);
    this.#syncer = flusher(fs.fsync);
  }

  get size(): number {
    return this.#size;
  }

  /** See `Disk`. The file has its new length in the same step in which that is the size: a check between sees both. */
  *grow(size: number): Task<void> {
    if (this.device !== undefined) {
      const found = describeBlockDevice(this.path, deviceOf(this.#descriptor)).size;
      if (found !== size) throw this.#otherDeviceSize(found, size);
      this.#size = size;
      return;
    }
    this.#checkFile();
    const before = this.#size;
    if (size > before) {
      try {
        fs.ftruncateSync(this.#descriptor, size);
      } catch (error) {
        throw osFailure(error, `grow "${this.path}"`);
      }
    }
    this.#size = size;
    yield* this.#flush(this.#syncer);
  }

  #otherDeviceSize(found: number, wanted: number): Error {
    return localFailure(
      "disk-changed-size",
      `The block device "${this.path}" has ${found} bytes, and not ${wanted}`,
      found === this.#size
        ? "Extend the device first, e.g. with lvextend, then ask again"
        : `Ask for the size that it has: ${found}`,
    );
  }

  *read(at: number, length: number): Task<Uint8Array> {
    const bytes = new Uint8Array(length);
    yield* this.readInto(at, bytes);
    return bytes;
  }

  *readInto(at: number, into: Uint8Array): Task<void> {
    this.#check(at, into.length);
    let count: number;
    try {
      count = yield* this.#io.read(into, at);
    } catch (error) {
      if (errorName(error) !== "EIO") throw osFailure(error, `read "${this.path}" at ${at}`);
      return yield* this.#reportBadPlace(at, into);
    }
    if (count < into.length) throw this.#changedSize(at + count);
  }

  *write(at: number, data: Uint8Array): Task<void> {
    this.#check(at, data.length);
    // Only such a write could give a file that became shorter its size back, unnoticed.
    if (at + data.length === this.size) this.#checkFile();
    try {
      yield* this.#io.write(data, at);
    } catch (error) {
      throw osFailure(error, `write "${this.path}" at ${at}`);
    }
  }

  *zero(at: number, length: number, { keepSpace = false } = {}): Task<void> {
    this.#check(at, length);
    if (length === 0) return;
    if (yield* this.#zeroFast(at, length, keepSpace)) return;
    for (let past = 0; past < length; past += ZEROS.length) {
      yield* this.write(at + past, ZEROS.subarray(0, Math.min(ZEROS.length, length - past)));
    }
  }

  *#zeroFast(at: number, length: number, keepSpace: boolean): Task<boolean> {
    if (libc === undefined) return false;
    if (turnIsUp(performance.now())) yield* nextTurn();
    if (!keepSpace && this.device === undefined && length <= HOLE_HERE_MAX) {
      return libc.punchHoleNow(this.#descriptor, at, length);
    }
    const call = keepSpace ? libc.zeroRange : libc.punchHole;
    return yield* promiseTask(() => call(this.#descriptor, at, length));
  }

  *flush(): Task<void> {
    yield* this.#flush(this.#flusher);
  }

  *#flush(flusher: Flusher): Task<void> {
    if (this.#failed) throw this.#failedBefore();
    try {
      yield* flusher.flush();
    } catch (error) {
      // Further flushes would succeed without what the kernel has dropped.
      throw osFailure(error, `flush "${this.path}"`);
    }
    if (this.#failed) throw this.#failedBefore();
    this.#checkFile();
  }

  *dropCached(): Task<void> {
    if (libc === undefined) return;
    const { dropCached } = libc;
    // Cannot be cancelled: the descriptor must not be closed meanwhile.
    yield* promiseTask(() => dropCached(this.#descriptor));
  }

  /** Fails when the image has another size than when it was opened, or no name any more. */
  #checkFile(): void {
    if (this.device !== undefined) return;
    const { size, nlink } = fs.fstatSync(this.#descriptor);
    if (size !== this.size) throw this.#changedSize(size);
    if (nlink > 0) return;
    const open = `/proc/${Deno.pid}/fd/${this.#descriptor}`;
    throw localFailure(
      "not-found",
      `"${this.path}" was removed while it was in use`,
      `Stop the machine; until this server stops, "cp ${open} FILE" saves the contents`,
    );
  }

  *identity({ lasting = false } = {}): Task<DiskIdentity> {
    // fdatasync leaves a file's times in memory alone; after a loss of power they would be older ones.
    if (lasting) yield* this.#flush(this.device === undefined ? this.#syncer : this.#flusher);
    const stat = fs.fstatSync(this.#descriptor, { bigint: true });
    if (this.device !== undefined) {
      return { device: this.device.id, inode: "", size: this.size, changed: "", stamped: false };
    }
    const changed = libc?.changedAt(this.#descriptor);
    return {
      device: deviceNumber(stat.dev),
      inode: stat.ino.toString(),
      size: Number(stat.size),
      changed: changed?.toString() ?? "",
      stamped: changed !== undefined,
    };
  }

  *allocated(at: number, length: number): Task<readonly Extent[]> {
    this.#check(at, length);
    if (length === 0) return [];
    if (libc === undefined || this.device !== undefined) return [{ at, length }];
    const extents: Extent[] = [];
    const end = at + length;
    for (let from = at; from < end;) {
      if (turnIsUp(performance.now())) yield* nextTurn();
      const start = libc.nextData(this.#descriptor, from);
      if (start === undefined || start >= end) break;
      const hole = libc.nextHole(this.#descriptor, start);
      // Between the two calls another thread may have made a hole where data was.
      const stop = Math.min(end, Math.max(hole, start + 1));
      extents.push({ at: start, length: stop - start });
      from = stop;
    }
    return extents;
  }

  // deno-lint-ignore require-yield -- the kernel answers at once
  *close(): Task<void> {
    this.abandon();
  }

  /** `close` outside a task. */
  abandon(): void {
    fs.closeSync(this.#descriptor);
    this.#unlock();
  }

  /** The folder and name under which an image file really lies, links followed. */
  place(): { readonly folder: string; readonly name: string } {
    try {
      const real = fs.realpathSync(this.path);
      return { folder: path.dirname(real), name: path.basename(real) };
    } catch (error) {
      throw osFailure(error, `find "${this.path}"`);
    }
  }

  #check(at: number, length: number): void {
    if (inside(at, length, this.size)) return;
    throw requestFailure(
      "out-of-range",
      `${length} bytes at ${at} are not inside "${this.path}" of ${this.size} bytes`,
      'Ask inside it, or let it grow: "warmsite vm disk grow"',
    );
  }

  #changedSize(size: number): Error {
    return localFailure(
      "disk-changed-size",
      `"${this.path}" had ${this.size} bytes when it was opened and has ${size}`,
      "Give it back its size, then open it again; its contents are compared before they are used",
    );
  }

  #failedBefore(): Error {
    return localFailure(
      "disk-failed",
      `"${this.path}" failed to flush; what was written since its last flush may be lost`,
      "Look at the kernel's log (dmesg) and the device, then open the disk again",
    );
  }

  /** Reads again in small pieces, so that the failure names the place and not a whole megabyte. */
  *#reportBadPlace(at: number, into: Uint8Array): Task<void> {
    for (let past = 0; past < into.length; past += SEARCH_UNIT) {
      try {
        yield* this.#io.read(into.subarray(past, past + SEARCH_UNIT), at + past);
      } catch (error) {
        if (isFailed(error)) throw error;
        throw localFailure(
          "latent-sector",
          `Cannot read "${this.path}" at ${at + past}: the device reported an error (EIO)`,
          "Overwrite that block in the guest or replace the device; all else is protected",
        );
      }
    }
  }
}
