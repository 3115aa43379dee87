/**
 * A disk that is a plain file and nothing more: the floor that benchmarks measure the NBD server
 * against, without locks, identity or checks.
 *
 * @module
 */

import { closeSync, fdatasync, fstatSync, openSync, readSync, writeSync } from "node:fs";

import type { Extent } from "../engine/core/block/extent.ts";
import type { Disk, DiskIdentity } from "../engine/core/ports/disk.ts";
import { suspend, type Task, type Wait } from "../engine/core/runtime/task.ts";

/** A file as a disk. */
export class FileDisk implements Disk {
  readonly size: number;
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "r+");
    this.size = fstatSync(this.#file).size;
  }

  // deno-lint-ignore require-yield
  *read(at: number, length: number): Task<Uint8Array> {
    const bytes = new Uint8Array(length);
    readSync(this.#file, bytes, 0, length, at);
    return bytes;
  }

  /** Reads into memory of the caller's. */
  // deno-lint-ignore require-yield
  *readInto(at: number, into: Uint8Array): Task<void> {
    readSync(this.#file, into, 0, into.length, at);
  }

  // deno-lint-ignore require-yield
  *write(at: number, data: Uint8Array): Task<void> {
    writeSync(this.#file, data, 0, data.length, at);
  }

  *zero(at: number, length: number): Task<void> {
    const zeros = new Uint8Array(1 << 20);
    for (let done = 0; done < length; done += zeros.length) {
      yield* this.write(at + done, zeros.subarray(0, Math.min(zeros.length, length - done)));
    }
  }

  flush(): Task<void> {
    const file = this.#file;
    const wait: Wait = {
      begin(token) {
        fdatasync(file, (error) => error === null ? token.resume() : token.fail(error));
        return undefined;
      },
    };
    return suspend<void>(wait);
  }

  // deno-lint-ignore require-yield
  *identity(): Task<DiskIdentity> {
    return { device: "", inode: "", size: this.size, changed: "", stamped: false };
  }

  // deno-lint-ignore require-yield
  *allocated(at: number, length: number): Task<readonly Extent[]> {
    return [{ at, length }];
  }

  // deno-lint-ignore require-yield
  *close(): Task<void> {
    closeSync(this.#file);
  }
}
