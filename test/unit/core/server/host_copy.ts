/**
 * Copies of what lies on simulated hosts: backups that are restored, and hosts that are cloned.
 *
 * @module
 */

import { Directory } from "../../../../engine/sim/directory.ts";
import type { SimHost } from "../../../../engine/sim/host.ts";
import { markUnits } from "../../../../engine/sim/storage_io.ts";
import { FileNode } from "../../../../engine/sim/volume.ts";

/** A file as it was copied. */
interface FileCopy {
  readonly bytes: Uint8Array;
  readonly sparse: boolean;
}

/** A folder as it was copied. */
export type FolderCopy = ReadonlyMap<string, FolderCopy | FileCopy>;

/** Everything that lies on a host, in files. */
export interface HostCopy {
  readonly data: FolderCopy;
  readonly logs: FolderCopy;
  readonly disks: ReadonlyMap<string, Uint8Array>;
}

/** A folder as the kernel shows it. */
export function copyOf(folder: Directory): FolderCopy {
  const copy = new Map<string, FolderCopy | FileCopy>();
  for (const [name, entry] of folder.entries) {
    if (entry instanceof Directory) copy.set(name, copyOf(entry));
    else {
      const bytes = entry.sectors.read(0, entry.sectors.length);
      copy.set(name, { bytes, sparse: entry.sparse });
    }
  }
  return copy;
}

/** Puts what was copied into an empty folder, durably. */
export function fill(folder: Directory, copy: FolderCopy): void {
  const { volume, path } = folder;
  for (const [name, each] of copy) {
    if (each instanceof Map) {
      const below = new Directory(volume, `${path}/${name}`);
      folder.link(name, below);
      fill(below, each);
      continue;
    }
    const { bytes, sparse } = each as FileCopy;
    const node = new FileNode(volume, sparse ? bytes.length : 0, sparse, volume.world.now);
    node.sectors.write(0, bytes);
    node.sectors.persist(node.sectors.mark());
    if (sparse) markUnits(node, 0, bytes.length, true);
    folder.link(name, node);
    volume.charge(node);
  }
  folder.persist(folder.mark());
}

/** Copies all that lies on a host. */
export function copyHost({ data, logs, disks }: SimHost): HostCopy {
  const images = [...disks].map(([name, { node: { sectors } }]) =>
    [name, sectors.read(0, sectors.length)] as const
  );
  return { data: copyOf(data), logs: copyOf(logs), disks: new Map(images) };
}

/** Puts it onto a host in the place of what is there; nothing runs on it. Disks that it has not are added. */
export function putBack(host: SimHost, { data, logs, disks }: HostCopy): void {
  for (const [folder, copy] of [[host.data, data], [host.logs, logs]] as const) {
    for (const name of [...folder.entries.keys()]) folder.unlink(name);
    fill(folder, copy);
  }
  for (const [name, bytes] of disks) {
    const { node } = host.disks.get(name) ?? host.addDisk(name, { size: bytes.length });
    node.sectors.write(0, bytes);
    node.sectors.persist(node.sectors.mark());
    markUnits(node, 0, bytes.length, true);
    node.changed = host.wall();
    node.durableChanged = node.changed;
  }
}
