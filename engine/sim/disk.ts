/**
 * The `Disk` port of the simulated world: a node on a volume, held under its exclusive lock.
 *
 * @module
 */

import type { Extent } from "../core/block/extent.ts";
import type { Disk, DiskIdentity } from "../core/ports/disk.ts";
import type { Task } from "../core/runtime/task.ts";
import { Handle } from "./handle.ts";
import type { SimProcess } from "./process.ts";
import { EVENT } from "./trace.ts";
import { type FileNode, UNIT_SIZE } from "./volume.ts";

/** A disk as one process has it open. */
export class SimDisk extends Handle implements Disk {
  #size: number;
  readonly #stamped: boolean;

  /** Takes the lock, or fails with `locked`. `stamped`: a file rather than a block device. */
  constructor(process: SimProcess, node: FileNode, name: string, stamped: boolean) {
    super(process, node, name, node.sectors.length, true);
    this.#size = node.sectors.length;
    this.#stamped = stamped;
  }

  get size(): number {
    return this.#size;
  }

  /** See `Disk`. A device of this world is extended by the same call: there is nobody else to do it. */
  *grow(size: number): Task<void> {
    const refusal = this.refusal(0, 0);
    if (refusal !== undefined) yield* refusal;
    const { node, process } = this;
    const { volume } = node;
    yield* process.call<void>({
      kind: EVENT.truncate,
      payload: size,
      delay: volume.writeTime(0),
      stalledUntil: () => volume.faults.stalledUntil,
      binding: true,
      perform: () => {
        volume.checkWritable("grow", this.name);
        if (size > node.sectors.length) node.grow(size, process.host.wall());
        this.#size = size;
        this.reach(size);
      },
    });
    yield* this.io.sync();
  }

  zero(at: number, length: number): Task<void> {
    return this.refusal(at, length) ?? this.io.write(at, length);
  }

  *identity({ lasting = false } = {}): Task<DiskIdentity> {
    const { node } = this;
    if (lasting) yield* (this.#stamped ? this.io.sync() : this.io.flush());
    return yield* this.process.call<DiskIdentity>({
      kind: EVENT.inquire,
      delay: 1,
      perform: () => {
        node.volume.check("look at", this.name);
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
    return this.refusal(at, length) ?? this.process.call<readonly Extent[]>({
      kind: EVENT.inquire,
      payload: at,
      delay: 1,
      perform: () => {
        this.node.volume.check("look at", this.name);
        return allocatedExtents(this.node, at, length);
      },
    });
  }
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
