/**
 * Old contents of blocks, kept beside the disk while a frozen view needs them (C3).
 *
 * Rule: volatile and bounded. Nothing in it is ever flushed, and nothing of it outlives the process:
 * a crash at any moment leaves a file that the next start removes. It does not know views.
 *
 * @module
 */

import { localFailure } from "../base/failure.ts";
import type { File, Folder } from "../ports/folder.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Task } from "../runtime/task.ts";

/** Slots of one block each in `<stem>.cow`. */
export class CowStore {
  readonly #folder: Folder;
  readonly #name: string;
  readonly #blockSize: number;
  readonly #slotsMax: number;
  readonly #opening = new Mutex();
  #file: File | undefined;
  #free: number[] = [];
  #fresh = 0;

  constructor(folder: Folder, name: string, blockSize: number, sizeMax: number) {
    this.#folder = folder;
    this.#name = name;
    this.#blockSize = blockSize;
    this.#slotsMax = Math.floor(sizeMax / blockSize);
  }

  /** Bytes of old contents kept. */
  get bytes(): number {
    return (this.#fresh - this.#free.length) * this.#blockSize;
  }

  /** Takes `count` slots, or none: `undefined` when the bound is reached. */
  take(count: number): number[] | undefined {
    if (this.#slotsMax - this.#fresh + this.#free.length < count) return undefined;
    const slots: number[] = [];
    while (slots.length < count) {
      slots.push(this.#fresh < this.#slotsMax ? this.#fresh++ : this.#free.pop() as number);
    }
    return slots;
  }

  /** Gives slots back. */
  give(slots: Iterable<number>): void {
    for (const slot of slots) this.#free.push(slot);
    if (this.#free.length !== this.#fresh) return;
    // All are free: they are handed out in order again, so that saves stay few and long.
    this.#free = [];
    this.#fresh = 0;
  }

  /** Writes the blocks of `data` into `slots`. */
  *write(slots: readonly number[], data: Uint8Array): Task<void> {
    const file = yield* this.#opened();
    let from = 0;
    for (const end of ends(slots)) {
      const part = data.subarray(from * this.#blockSize, end * this.#blockSize);
      yield* file.write((slots[from] ?? 0) * this.#blockSize, part);
      from = end;
    }
  }

  /** Reads the blocks in `slots` into `target`. */
  *read(slots: readonly number[], target: Uint8Array): Task<void> {
    const file = yield* this.#opened();
    let from = 0;
    for (const end of ends(slots)) {
      const length = (end - from) * this.#blockSize;
      const data = yield* file.read((slots[from] ?? 0) * this.#blockSize, length);
      if (data.length !== length) {
        throw localFailure(
          "io-error",
          `"${this.#name}" is cut short`,
          "Find out who shortened that file, and check the file system that it is on; the next cycle makes another cut",
        );
      }
      target.set(data, from * this.#blockSize);
      from = end;
    }
  }

  *#opened(): Task<File> {
    if (this.#file !== undefined) return this.#file;
    yield* this.#opening.lock();
    try {
      this.#file ??= yield* this.#folder.open(this.#name, { create: true, truncate: true });
      return this.#file;
    } finally {
      this.#opening.unlock();
    }
  }

  /** Gives the file's space back if no slot is taken. */
  *shrink(): Task<void> {
    if (this.#file !== undefined && this.#fresh === 0) yield* this.#file.truncate(0);
  }

  /** Closes and removes the file. Nothing may be in flight. */
  *remove(): Task<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) yield* file.close();
    yield* this.#folder.remove(this.#name);
  }
}

/** Where runs of consecutive slots end. */
function ends(slots: readonly number[]): number[] {
  const found: number[] = [];
  for (let at = 1; at <= slots.length; at++) {
    if (at === slots.length || slots[at] !== (slots[at - 1] ?? 0) + 1) found.push(at);
  }
  return found;
}
