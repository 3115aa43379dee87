/**
 * The `Disk` port of the simulated world: a node on a volume, held under its exclusive lock.
 *
 * @module
 */

import { assert } from "../core/base/assert.ts";
import { localFailure, requestFailure } from "../core/base/failure.ts";
import { type Extent, inside } from "../core/block/extent.ts";
import type { Disk, DiskIdentity } from "../core/ports/disk.ts";
import { done, type Task } from "../core/runtime/task.ts";
import type { SimProcess } from "./process.ts";
import { StorageIo } from "./storage_io.ts";
import { EVENT } from "./trace.ts";
import { type FileNode, UNIT_SIZE } from "./volume.ts";

/** Takes the exclusive lock of `node`; the result gives it back. */
export function takeLock(node: FileNode, name: string): () => void {
  if (node.lockedBy !== undefined) {
    throw localFailure(
      "locked",
      `${name} is in use by another process`,
      "Stop the program that uses it",
    );
  }
  const holder = {};
  node.lockedBy = holder;
  return () => {
    if (node.lockedBy === holder) node.lockedBy = undefined;
  };
}

/** Counts a handle of `process` on `node`; the result, called once or at its death, ends it. */
export function holdNode(process: SimProcess, node: FileNode, release: () => void): () => void {
  node.handles++;
  const end = () => {
    if (!process.holdings.delete(end)) return;
    release();
    node.handles--;
    node.volume.charge(node);
  };
  process.holdings.add(end);
  return end;
}

/** A disk as one process has it open. */
export class SimDisk implements Disk {
  readonly size: number;
  /** What it is a handle of, for checkers. */
  readonly node: FileNode;
  readonly #process: SimProcess;
  readonly #name: string;
  readonly #io: StorageIo;
  readonly #stamped: boolean;
  readonly #end: () => void;
  #closed = false;

  /** Takes the lock, or fails with `locked`. `stamped`: a file rather than a block device. */
  constructor(process: SimProcess, node: FileNode, name: string, stamped: boolean) {
    this.#end = holdNode(process, node, takeLock(node, name));
    this.size = node.sectors.length;
    this.node = node;
    this.#process = process;
    this.#name = name;
    this.#io = new StorageIo(process, node, name);
    this.#stamped = stamped;
  }

  read(at: number, length: number): Task<Uint8Array> {
    return this.#refusal(at, length) ?? this.#io.read(at, length);
  }

  write(at: number, data: Uint8Array): Task<void> {
    return this.#refusal(at, data.length) ?? this.#io.write(at, data);
  }

  zero(at: number, length: number): Task<void> {
    return this.#refusal(at, length) ?? this.#io.write(at, length);
  }

  flush(): Task<void> {
    assert(!this.#closed, "Only an open disk is used");
    return this.#io.flush();
  }

  *identity(): Task<DiskIdentity> {
    const { node } = this;
    return yield* this.#process.call<DiskIdentity>({
      kind: EVENT.inquire,
      delay: 1,
      perform: () => {
        node.volume.check("look at", this.#name);
        const { shrunkTo } = node.volume.faults;
        return {
          device: node.volume.id,
          inode: this.#stamped ? String(node.inode) : "",
          size: shrunkTo >= 0 ? Math.min(shrunkTo, this.size) : this.size,
          changed: this.#stamped ? `${node.changed}000` : "",
          stamped: this.#stamped,
        };
      },
    });
  }

  allocated(at: number, length: number): Task<readonly Extent[]> {
    return this.#refusal(at, length) ?? this.#process.call<readonly Extent[]>({
      kind: EVENT.inquire,
      payload: at,
      delay: 1,
      perform: () => {
        this.node.volume.check("look at", this.#name);
        return allocatedExtents(this.node, at, length);
      },
    });
  }

  close(): Task<void> {
    assert(!this.#closed, "A disk is closed once");
    assert(this.#io.inFlight === 0, "Nothing is in flight when a disk is closed");
    this.abandon();
    return done(undefined);
  }

  /** Closes it without ceremony: whoever opened it was cancelled. */
  abandon(): void {
    this.#closed = true;
    this.#end();
  }

  /** A task that fails when a range lies outside; nothing when it lies inside. */
  #refusal(at: number, length: number): Task<never> | undefined {
    assert(!this.#closed, "Only an open disk is used");
    if (inside(at, length, this.size)) return undefined;
    return failing(
      requestFailure("out-of-range", `${this.#name} has no ${length} bytes at ${at}`),
    );
  }
}

/** A task that fails at once. */
// deno-lint-ignore require-yield
export function* failing(error: Error): Task<never> {
  throw error;
}

function allocatedExtents(node: FileNode, at: number, length: number): Extent[] {
  const extents: Extent[] = [];
  const end = at + length;
  for (let start = at; start < end;) {
    if (node.units[Math.floor(start / UNIT_SIZE)] === 0) {
      start = (Math.floor(start / UNIT_SIZE) + 1) * UNIT_SIZE;
      continue;
    }
    let stop = start;
    while (stop < end && node.units[Math.floor(stop / UNIT_SIZE)] === 1) {
      stop = (Math.floor(stop / UNIT_SIZE) + 1) * UNIT_SIZE;
    }
    stop = Math.min(stop, end);
    extents.push({ at: start, length: stop - start });
    start = stop;
  }
  return extents;
}
