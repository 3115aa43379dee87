/**
 * The `File` port of the simulated world.
 *
 * @module
 */

import { assert } from "../core/base/assert.ts";
import { requestFailure } from "../core/base/failure.ts";
import { inside } from "../core/block/extent.ts";
import type { File } from "../core/ports/folder.ts";
import { done, type Task } from "../core/runtime/task.ts";
import { failing, holdNode, takeLock } from "./disk.ts";
import type { SimProcess } from "./process.ts";
import { StorageIo } from "./storage_io.ts";
import { EVENT } from "./trace.ts";
import { type FileNode, UNIT_SIZE } from "./volume.ts";

/** A file as one process has it open. */
export class SimFile implements File {
  /** What it is a handle of, for checkers. */
  readonly node: FileNode;
  readonly #process: SimProcess;
  readonly #name: string;
  readonly #io: StorageIo;
  readonly #end: () => void;
  #unlock: (() => void) | undefined;
  #closed = false;

  constructor(process: SimProcess, node: FileNode, name: string) {
    this.node = node;
    this.#process = process;
    this.#name = name;
    this.#io = new StorageIo(process, node, name);
    this.#end = holdNode(process, node, () => this.#unlock?.());
  }

  get size(): number {
    return this.node.sectors.length;
  }

  read(at: number, length: number): Task<Uint8Array> {
    return this.#refusal(at, length) ?? this.#io.read(at, length);
  }

  write(at: number, data: Uint8Array): Task<void> {
    return this.#refusal(at, data.length) ?? this.#io.write(at, data);
  }

  truncate(size: number): Task<void> {
    return this.#refusal(size, 0) ??
      this.#resize(size, () => truncateNode(this.#process, this.node, size));
  }

  allocate(size: number): Task<void> {
    return this.#refusal(size, 0) ?? this.#resize(size, () => {
      const { node } = this;
      const wanted = Math.ceil(Math.max(size, node.space) / UNIT_SIZE) * UNIT_SIZE;
      node.volume.room(wanted - node.charged);
      node.reserved = Math.max(node.reserved, size);
      node.volume.charge(node);
    });
  }

  #resize(size: number, change: () => void): Task<void> {
    const { volume } = this.node;
    return this.#process.call<void>({
      kind: EVENT.truncate,
      payload: size,
      delay: volume.writeTime(0),
      stalledUntil: () => volume.faults.stalledUntil,
      binding: true,
      perform: () => {
        volume.checkWritable("change the length of", this.#name);
        change();
      },
    });
  }

  flush(): Task<void> {
    return this.#refusal(0, 0) ?? this.#io.flush();
  }

  lock(): Task<void> {
    return this.#refusal(0, 0) ?? this.#process.call<void>({
      kind: EVENT.open,
      delay: 1,
      perform: () => {
        if (this.#unlock === undefined) this.#unlock = takeLock(this.node, this.#name);
      },
    });
  }

  close(): Task<void> {
    assert(!this.#closed, "A file is closed once");
    assert(this.#io.inFlight === 0, "Nothing is in flight when a file is closed");
    this.abandon();
    return done(undefined);
  }

  /** Closes it without ceremony: whoever opened it was cancelled. */
  abandon(): void {
    this.#closed = true;
    this.#end();
  }

  /** A task that fails when a range makes no sense; nothing when it does. */
  #refusal(at: number, length: number): Task<never> | undefined {
    assert(!this.#closed, "Only an open file is used");
    if (inside(at, length, Number.MAX_SAFE_INTEGER)) return undefined;
    return failing(
      requestFailure("out-of-range", `${this.#name} has no ${length} bytes at ${at}`),
    );
  }
}

/** Changes the length of a file; one with reserved space keeps it when it grows. */
export function truncateNode(process: SimProcess, node: FileNode, size: number): void {
  const { volume } = node;
  const wanted = Math.ceil(Math.max(size, node.reserved) / UNIT_SIZE) * UNIT_SIZE;
  volume.room(wanted - node.charged);
  if (size < node.sectors.length) node.reserved = Math.min(node.reserved, size);
  node.sectors.truncate(size);
  node.changed = process.host.wall();
  volume.charge(node);
}
