/**
 * The `File` port of the simulated world.
 *
 * @module
 */

import type { File, FileChange } from "../core/ports/folder.ts";
import type { Task } from "../core/runtime/task.ts";
import { Handle } from "./handle.ts";
import type { SimProcess } from "./process.ts";
import { EVENT } from "./trace.ts";
import { type FileNode, UNIT_SIZE } from "./volume.ts";

/** A file as one process has it open. */
export class SimFile extends Handle implements File {
  constructor(process: SimProcess, node: FileNode, name: string) {
    super(process, node, name, Number.MAX_SAFE_INTEGER, false);
  }

  get size(): number {
    return this.node.sectors.length;
  }

  truncate(size: number): Task<void> {
    return this.refusal(size, 0) ??
      this.#resize(size, () => truncateNode(this.process, this.node, size));
  }

  allocate(size: number): Task<void> {
    return this.refusal(size, 0) ?? this.#resize(size, () => {
      const { node } = this;
      const wanted = Math.ceil(Math.max(size, node.space) / UNIT_SIZE) * UNIT_SIZE;
      node.volume.room(wanted - node.charged);
      node.reserved = Math.max(node.reserved, size);
      node.volume.charge(node);
    });
  }

  #resize(size: number, change: () => void): Task<void> {
    const { volume } = this.node;
    return this.process.call<void>({
      kind: EVENT.truncate,
      payload: size,
      delay: volume.writeTime(0),
      stalledUntil: () => volume.faults.stalledUntil,
      binding: true,
      perform: () => {
        volume.checkWritable("change the length of", this.name);
        change();
      },
    });
  }

  lastChange(): Task<FileChange> {
    const { node } = this;
    return this.refusal(0, 0) ?? this.process.call<FileChange>({
      kind: EVENT.inquire,
      delay: 1,
      perform: () => {
        node.volume.check("look at", this.name);
        return { device: node.volume.id, changed: `${node.changed}000` };
      },
    });
  }

  lock(): Task<void> {
    return this.refusal(0, 0) ?? this.process.call<void>({
      kind: EVENT.open,
      delay: 1,
      perform: () => this.takeLock(),
    });
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
