/**
 * A node as one process has it open: reading, writing and flushing it, its lock, and its end, by a close or
 * with the process.
 *
 * @module
 */

import { assert } from "../core/base/assert.ts";
import { localFailure, requestFailure } from "../core/base/failure.ts";
import { inside } from "../core/block/extent.ts";
import { done, type Task } from "../core/runtime/task.ts";
import type { SimProcess } from "./process.ts";
import { StorageIo } from "./storage_io.ts";
import type { FileNode } from "./volume.ts";

/** What a disk and a file have in common. */
export class Handle {
  /** What it is a handle of, for checkers. */
  readonly node: FileNode;
  /** Who has it open. */
  protected readonly process: SimProcess;
  /** For messages. */
  protected readonly name: string;
  /** Its requests. */
  protected readonly io: StorageIo;
  /** Bytes that a range may lie in. */
  #reach: number;
  #locked = false;
  #open = true;
  readonly #end = () => this.#leave();

  /** Counts on `node` from here on. Fails with `locked` when it asks for the lock and cannot have it. */
  constructor(process: SimProcess, node: FileNode, name: string, reach: number, locked: boolean) {
    this.node = node;
    this.process = process;
    this.name = name;
    this.io = new StorageIo(process, node, name);
    this.#reach = reach;
    if (locked) this.takeLock();
    node.handles++;
    process.holdings.add(this.#end);
  }

  /** Reads; shorter at the end of a file. */
  read(at: number, length: number): Task<Uint8Array> {
    return this.refusal(at, length) ?? this.io.read(at, length);
  }

  /** Writes `data`. */
  write(at: number, data: Uint8Array): Task<void> {
    return this.refusal(at, data.length) ?? this.io.write(at, data);
  }

  /** Makes durable what was written before. */
  flush(): Task<void> {
    return this.refusal(0, 0) ?? this.io.flush();
  }

  /** Closes it; nothing is in flight. */
  close(): Task<void> {
    assert(this.#open, "A handle is closed once");
    assert(this.io.inFlight === 0, "Nothing is in flight when a handle is closed");
    this.abandon();
    return done(undefined);
  }

  /** Closes it without ceremony: whoever opened it was cancelled. */
  abandon(): void {
    this.#open = false;
    this.#leave();
  }

  /** Ranges may lie in so many bytes from here on. */
  protected reach(bytes: number): void {
    this.#reach = bytes;
  }

  /** Takes the exclusive lock of the node, unless it holds it already. */
  protected takeLock(): void {
    if (this.#locked) return;
    if (this.node.lockedBy !== undefined) {
      throw localFailure(
        "locked",
        `${this.name} is in use by another process`,
        "Stop the program that uses it",
      );
    }
    this.node.lockedBy = this;
    this.#locked = true;
  }

  /** A task that fails when a range lies outside; nothing when it lies inside. */
  protected refusal(at: number, length: number): Task<never> | undefined {
    assert(this.#open, "Only an open handle is used");
    if (inside(at, length, this.#reach)) return undefined;
    return failing(
      requestFailure(
        "out-of-range",
        `${this.name} has no ${length} bytes at ${at}`,
        `Ask inside its ${this.#reach} bytes`,
      ),
    );
  }

  /** Its end, once: by a close, or with the process. */
  #leave(): void {
    const { node } = this;
    if (!this.process.holdings.delete(this.#end)) return;
    if (node.lockedBy === this) node.lockedBy = undefined;
    node.handles--;
    node.volume.charge(node);
  }
}

/** A task that fails at once. */
// deno-lint-ignore require-yield
function* failing(error: Error): Task<never> {
  throw error;
}
