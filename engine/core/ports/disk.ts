/**
 * A disk: the guest's, a replica's, or an overlay's backing.
 *
 * @module
 */

import { type Failure, requestFailure } from "../base/failure.ts";
import type { Extent } from "../block/extent.ts";
import type { Task } from "../runtime/task.ts";

/** What tells one disk from another and one state of it from a later one (T6, R9). */
export interface DiskIdentity {
  /** The file system or device it is on; for a block device a stable id of its own. */
  readonly device: string;
  /** The inode, or "" for a block device. */
  readonly inode: string;
  /** Bytes. */
  readonly size: number;
  /** Time of the last change of contents in ns since 1970, as text; "" where the kernel keeps none. */
  readonly changed: string;
  /** False for block devices: nobody can tell whether it changed while we were away. */
  readonly stamped: boolean;
}

/**
 * Bytes at offsets. All ranges lie inside `size`; others fail with `out-of-range`. Requests may
 * overlap in time; two that touch the same bytes at the same time give either order, per sector.
 * A returned write is in the kernel: it survives a kill of this process, and a loss of power only
 * after a later `flush` returned. Writes cannot be cancelled (E2).
 */
export interface Disk {
  /** Bytes, fixed while open but for `grow`; a disk found shorter fails with `disk-changed-size`. */
  readonly size: number;
  /** Why it serves nobody any more until it is opened again; none for a disk that does. */
  readonly failure?: Failure | undefined;
  /** Reads `length` bytes at `at`; the result is owned by the caller. */
  read(at: number, length: number): Task<Uint8Array>;
  /**
   * Like `read`, into `into`, which is filled whole and must not be touched until it returns. For
   * whoever has a buffer already; a disk may do without it.
   */
  readInto?(at: number, into: Uint8Array): Task<void>;
  /** Writes `data` at `at`; `data` must not change until it returns. */
  write(at: number, data: Uint8Array): Task<void>;
  /**
   * Makes a range read as zeros, giving its space back where the disk can. `keepSpace`: it stays taken, so that
   * later writes find room; a disk that does not give space back may ignore it.
   */
  zero(at: number, length: number, options?: { readonly keepSpace?: boolean }): Task<void>;
  /**
   * Makes every write that returned before this call durable, and not the time of the last change. A
   * failure means none of them is known to be.
   */
  flush(): Task<void>;
  /**
   * Makes it `size` bytes long, at least what it is, durably: an image takes no space by it and reads as
   * zeros there; a block device must have this size already, or it fails with `disk-changed-size`. Missing
   * where nothing can grow. A failure leaves the old size, or a file that has the new one.
   */
  grow?(size: number): Task<void>;
  /**
   * Says that nothing of what was flushed will be read soon: a terabyte that passes through must not
   * push everything else out of the host's memory. May be missing, and may do nothing.
   */
  dropCached?(): Task<void>;
  /**
   * Who the disk is and when it last changed. Who keeps the answer to compare it later asks for a
   * `lasting` one: unless somebody writes, the disk tells the same after a loss of power (T6, R9). It
   * is a flush as well, and fails like one.
   */
  identity(options?: { readonly lasting?: boolean }): Task<DiskIdentity>;
  /** Extents of `[at, at + length)` that may hold other than zeros, in order; everything when unknown. */
  allocated(at: number, length: number): Task<readonly Extent[]>;
  /** Gives disk and lock back. Nothing may be in flight. */
  close(): Task<void>;
}

/** As much of a disk as reading it needs. */
export type DiskReader = Pick<Disk, "read" | "readInto">;

/** `readInto` of any disk: by itself where it can, by a copy where it cannot. */
export function readInto(disk: DiskReader, at: number, into: Uint8Array): Task<void> {
  return disk.readInto === undefined ? copyInto(disk, at, into) : disk.readInto(at, into);
}

function* copyInto(disk: DiskReader, at: number, into: Uint8Array): Task<void> {
  into.set(yield* disk.read(at, into.length));
}

/** `grow` of any disk; `bad-argument` for one that cannot, or that would shrink. */
export function growDisk(disk: Disk, size: number): Task<void> {
  if (disk.grow !== undefined && size >= disk.size) return disk.grow(size);
  return cannotGrow(disk.size, size);
}

/**
 * True when a disk that failed to grow has its new size all the same: then it was to be made durable, and that failed.
 * What guests had written before is lost with it as in any failed flush (T10).
 */
export function lostFlush(disk: Disk, size: number, before: number): boolean {
  return size > before && disk.size === size;
}

// deno-lint-ignore require-yield
function* cannotGrow(size: number, wanted: number): Task<never> {
  throw requestFailure(
    "bad-argument",
    `A disk of ${size} bytes cannot become one of ${wanted}`,
    "Disks grow only: copy what is to be kept to a smaller disk in the guest",
  );
}
