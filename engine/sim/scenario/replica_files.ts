/**
 * The files of a replica on a simulated host, wherever they lie: in the data folder or in a storage location.
 *
 * @module
 */

import { Directory } from "../directory.ts";
import type { SimHost } from "../host.ts";
import { FileNode } from "../volume.ts";

/** The names of the places where something of a machine's replica lies: `home`, or the first part of a location. */
export function replicaPlaces(host: SimHost, vm: string): string[] {
  const places: string[] = [];
  const home = folderIn(host.data, ["replicas", vm]);
  if (
    home !== undefined && [...home.entries.keys()].some((name) => !name.startsWith("place.json"))
  ) {
    places.push("home");
  }
  for (const [name, place] of host.places) if (inPlace(place, vm) !== undefined) places.push(name);
  return places;
}

/** The volumes with storage locations, as their marks say. */
export function replicaLocations(host: SimHost): Directory[] {
  const marked = (folder: Directory | undefined) => folder?.entries.has(".warmsite") === true;
  return [...host.places.values()].filter((place) =>
    marked(place) || marked(folderIn(place, ["replicas"]))
  );
}

/** The folder of a machine's replica, if it has one. */
export function replicaFolder(host: SimHost, vm: string): Directory | undefined {
  for (const place of host.places.values()) {
    const found = inPlace(place, vm);
    if (found !== undefined) return found;
  }
  return folderIn(host.data, ["replicas", vm]);
}

/** In a storage location; other volumes, media that are carried, hold no replicas. */
function inPlace(place: Directory, vm: string): Directory | undefined {
  const found = folderIn(place, [vm]) ?? folderIn(place, ["replicas", vm]);
  return found?.entries.has("state.0") === true ? found : undefined;
}

/** The file at `path`, as the engine names it. */
export function fileAt(host: SimHost, path: string): FileNode | undefined {
  const found = entryAt(host, path);
  return found instanceof FileNode ? found : undefined;
}

/** Where the replication log lies of the disk at `path`, a device or a file. */
export function logOf(
  host: SimHost,
  path: string,
): { readonly folder: Directory; readonly name: string } | undefined {
  const device = host.disks.get(path);
  if (device !== undefined) {
    return { folder: device.block ? host.data : host.logs, name: `${device.name}.hrl` };
  }
  const end = path.lastIndexOf("/");
  const folder = entryAt(host, path.slice(0, Math.max(end, 0)));
  return folder instanceof Directory ? { folder, name: `${path.slice(end + 1)}.hrl` } : undefined;
}

function entryAt(host: SimHost, path: string): Directory | FileNode | undefined {
  const inside = path.startsWith(`${host.data.path}/`);
  const names = (inside ? path.slice(host.data.path.length) : path).split("/").slice(1);
  let found: Directory | FileNode | undefined = inside
    ? host.data
    : host.places.get(names.shift() ?? "");
  for (const name of names) {
    found = found instanceof Directory ? found.entries.get(name) : undefined;
  }
  return found;
}

function folderIn(root: Directory, names: readonly string[]): Directory | undefined {
  let folder: Directory | undefined = root;
  for (const name of names) {
    const entry: Directory | FileNode | undefined = folder?.entries.get(name);
    folder = entry instanceof Directory ? entry : undefined;
  }
  return folder;
}
