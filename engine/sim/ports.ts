/**
 * All ports of one simulated process.
 *
 * @module
 */

import { localFailure, requestFailure } from "../core/base/failure.ts";
import type { Folder } from "../core/ports/folder.ts";
import type { GuestDisk, LogPlace, Ports } from "../core/ports/ports.ts";
import type { Clock, Entropy } from "../core/ports/clock.ts";
import type { Observer } from "../core/ports/observer.ts";
import { simClock } from "./clock.ts";
import { simCodec } from "./codec.ts";
import { Directory, type DirectoryEntry } from "./directory.ts";
import { SimDisk } from "./disk.ts";
import { SimFolder } from "./folder.ts";
import { simHypervisor } from "./hypervisor.ts";
import { SimNetwork } from "./network_port.ts";
import { simObserver } from "./observer.ts";
import { hashText, type Prng } from "./prng.ts";
import type { SimProcess } from "./process.ts";
import type { Task } from "../core/runtime/task.ts";
import { EVENT } from "./trace.ts";
import { FileNode } from "./volume.ts";

/** The ports of `process`; identities are drawn from `random`. */
export function simPorts(process: SimProcess, random: Prng): Ports {
  const { host } = process;
  const clock: Clock = simClock(process);
  const entropy: Entropy = { bytes: (length) => random.bytes(length) };
  const observer: Observer = simObserver(process);
  return {
    loop: process.loop,
    clock,
    entropy,
    codec: simCodec(host.world.kernel, host.world.codecCosts, (micros) => clock.sleep(micros)),
    network: new SimNetwork(process),
    hypervisor: simHypervisor(process, host.hypervisor),
    observer,
    data: new SimFolder(process, host.data),
    openGuestDisk: (path) => openGuestDisk(process, path),
    logPlace: (path) => logPlace(process, path),
    openPlace: (path, options) => openPlace(process, path, options),
  };
}

/**
 * Opens the folder `path` of the process's host: its first part names a volume of the host's
 * (`SimHost.places`), the rest lies on that.
 */
function openPlace(
  process: SimProcess,
  path: string,
  options: { readonly create?: boolean } = {},
): Task<Folder> {
  const { host } = process;
  return process.call<Folder>({
    kind: EVENT.open,
    payload: hashText(path, 0),
    delay: 50,
    binding: true,
    perform: () => {
      const parts = partsOf(path);
      const [place, ...inner] = parts;
      if (place === undefined) {
        throw localFailure("read-only", "Nothing can be made in /", "Name a folder");
      }
      const root = host.places.get(place);
      if (root === undefined && options.create !== true) throw noFolder(path);
      let directory: Directory = root ?? host.addPlace(place);
      directory.volume.check("open", path);
      for (const name of inner) {
        const found: DirectoryEntry | undefined = directory.entries.get(name);
        if (found instanceof FileNode) {
          throw requestFailure("bad-argument", `"${path}" is not a folder`, "Name a folder");
        }
        if (found !== undefined) {
          directory = found;
          continue;
        }
        if (options.create !== true) throw noFolder(path);
        directory.volume.checkWritable("make", path);
        const made = new Directory(directory.volume, `${directory.path}/${name}`);
        directory.link(name, made);
        directory.persist(directory.mark());
        directory = made;
      }
      return new SimFolder(process, directory);
    },
  });
}

/** The parts of an absolute path, as the kernel resolves them. */
function partsOf(path: string): string[] {
  if (!path.startsWith("/") || path.includes("\0")) {
    throw requestFailure(
      "bad-argument",
      `The path of a folder begins with "/", and this one does not: ${JSON.stringify(path)}`,
      "Give the whole path: a server has no folder of its own in which to look",
    );
  }
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

function noFolder(path: string): Error {
  return localFailure("not-found", `Cannot open the folder "${path}": no such folder`, "Check it");
}

/** Opens the guest's disk called `path` on the process's host, under its exclusive lock. */
function openGuestDisk(process: SimProcess, path: string): Task<GuestDisk> {
  const { host } = process;
  return process.call<GuestDisk>({
    kind: EVENT.open,
    payload: hashText(path, 0),
    delay: 50,
    perform: () => {
      const device = host.disks.get(path);
      if (device === undefined) return openFileDisk(process, path);
      device.volume.check("open", path);
      const disk = new SimDisk(process, device.node, path, !device.block);
      const logs = new SimFolder(process, device.block ? host.data : host.logs);
      return { disk, logs, stem: path };
    },
    undo: ({ disk }) => (disk as SimDisk).abandon(),
  });
}

/** Where the logs of the guest's disk called `path` lie. */
function logPlace(process: SimProcess, path: string): Task<LogPlace> {
  const { host } = process;
  return process.call<LogPlace>({
    kind: EVENT.inquire,
    payload: hashText(path, 0),
    delay: 1,
    perform: () => {
      const device = host.disks.get(path);
      if (device === undefined) {
        const { directory, stem } = findFile(process, path);
        return { logs: new SimFolder(process, directory), stem };
      }
      return { logs: new SimFolder(process, device.block ? host.data : host.logs), stem: path };
    },
  });
}

/** A file in a folder of the host is a disk as well: a replica's, which became the machine's own. */
function openFileDisk(process: SimProcess, path: string): GuestDisk {
  const { directory, node, stem } = findFile(process, path);
  directory.volume.check("open", path);
  return {
    disk: new SimDisk(process, node, path, true),
    logs: new SimFolder(process, directory),
    stem,
  };
}

/** The file of that whole path, in whatever folder of the host. */
function findFile({ host }: SimProcess, path: string) {
  const missing = () =>
    localFailure("not-found", `Cannot open ${path}: no such disk`, "Check the path");
  const roots = [host.data, host.logs, ...host.places.values()];
  const root = roots.find((each) => path.startsWith(`${each.path}/`));
  if (root === undefined) throw missing();
  const parts = path.slice(root.path.length + 1).split("/");
  const stem = parts.pop() as string;
  let directory = root;
  for (const name of parts) {
    const found = directory.entries.get(name);
    if (found === undefined || found instanceof FileNode) throw missing();
    directory = found;
  }
  const node = directory.entries.get(stem);
  if (!(node instanceof FileNode)) throw missing();
  return { directory, node, stem };
}
