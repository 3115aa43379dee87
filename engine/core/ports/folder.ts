/**
 * Folders and files that must outlive everything: state, logs, staging, undo.
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";
import type { Disk } from "./disk.ts";

/** How to open a file. */
export interface OpenOptions {
  /** Make it if it is not there. Its name is durable only after the folder's `flush`. */
  readonly create?: boolean;
  /** Cut it to nothing first. */
  readonly truncate?: boolean;
}

/** When a file was changed last, by the clock of the file system that has it. */
export interface FileChange {
  /** That file system, as `DiskIdentity` names it. */
  readonly device: string;
  /** Nanoseconds, in decimal; empty where it cannot be told. */
  readonly changed: string;
}

/**
 * A file. Offsets in bytes. What a returned call wrote is in the kernel: it survives a kill of this
 * process; only `flush` makes it survive a loss of power. Writes cannot be cancelled.
 */
export interface File {
  /** Length in bytes, writes that returned included. */
  readonly size: number;
  /** Reads up to `length` bytes at `at`; shorter only at the end of the file. Owned by the caller. */
  read(at: number, length: number): Task<Uint8Array>;
  /** Writes `data` at `at`, growing the file as needed; `no-space` may leave any part of it written. */
  write(at: number, data: Uint8Array): Task<void>;
  /** Sets the length; what is grown reads as zeros. */
  truncate(size: number): Task<void>;
  /** Takes space for `size` bytes from the file system now, so that later writes cannot lack it. */
  allocate(size: number): Task<void>;
  /** Makes contents and length durable. After a failure nothing since the last flush is known to be. */
  flush(): Task<void>;
  /** When it was changed last. */
  lastChange(): Task<FileChange>;
  /** Takes the one exclusive lock of this file, held until `close`; `locked` when somebody has it. */
  lock(): Task<void>;
  /** Gives the file back. Nothing may be in flight. */
  close(): Task<void>;
}

/** A folder of files, disks and folders. Names are single path components. */
export interface Folder {
  /** For messages to people; not to be taken apart. */
  readonly path: string;
  /** Names in it, sorted by code unit. */
  list(): Task<readonly string[]>;
  /** Opens the folder `name` in it; `create` makes it if it is not there. */
  folder(name: string, options?: { readonly create?: boolean }): Task<Folder>;
  /** Opens a file. */
  open(name: string, options?: OpenOptions): Task<File>;
  /** Makes a disk of `size` bytes that reads as zeros, sparse; fails with `exists`. */
  createDisk(name: string, size: number): Task<Disk>;
  /** Opens a disk and takes its exclusive lock; `locked` when somebody has it. */
  openDisk(name: string): Task<Disk>;
  /** Gives `from` the name `to`, replacing what had it, atomically. Durable after `flush`. */
  rename(from: string, to: string): Task<void>;
  /** Removes a file or a whole folder; none of that name is no failure. Durable after `flush`. */
  remove(name: string): Task<void>;
  /** Makes the names in this folder durable, as they were when called. */
  flush(): Task<void>;
  /** Bytes that can still be written here, about. */
  free(): Task<number>;
}
