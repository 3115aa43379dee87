/**
 * Appends to a file in large sequential writes.
 *
 * Rule: one task at a time. What is in the buffer is nowhere else; `drain` puts it into the kernel,
 * and only the file's `flush` makes it durable. It does not know formats.
 *
 * @module
 */

import { KiB } from "../base/units.ts";
import type { File } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";

/** Bytes of one sequential write. */
const BUFFER_SIZE = 256 * KiB;
/** Bytes of the first buffer: most of what is appended between two drains is small. */
const BUFFER_FIRST = 4 * KiB;

/** A write buffer at the end of a file. */
export class FileAppender {
  /** The file appended to; not owned. */
  readonly file: File;
  #buffer = new Uint8Array(BUFFER_FIRST);
  #used = 0;
  #at: number;

  constructor(file: File, at: number) {
    this.file = file;
    this.#at = at;
  }

  /** Where the next byte goes in the file. */
  get position(): number {
    return this.#at + this.#used;
  }

  /** Appends `bytes`, which the caller may reuse at once. Throws what the file's write throws. */
  *append(bytes: Uint8Array): Task<void> {
    let from = 0;
    while (from < bytes.length) {
      if (this.#used === BUFFER_SIZE) yield* this.drain();
      const count = Math.min(BUFFER_SIZE - this.#used, bytes.length - from);
      this.#grow(this.#used + count);
      this.#buffer.set(bytes.subarray(from, from + count), this.#used);
      this.#used += count;
      from += count;
    }
  }

  #grow(size: number): void {
    if (size <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.min(BUFFER_SIZE, Math.max(size, 2 * this.#buffer.length)));
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }

  /** Puts what is buffered into the kernel. */
  *drain(): Task<void> {
    if (this.#used === 0) return;
    yield* this.file.write(this.#at, this.#buffer.subarray(0, this.#used));
    this.#at += this.#used;
    this.#used = 0;
  }

  /** Drops what is buffered and goes on at `at`. */
  rewind(at: number): void {
    this.#at = at;
    this.#used = 0;
  }
}
