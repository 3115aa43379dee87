/**
 * First copies on media between a primary `a` and a replica `b`: exported, carried, and looked into on the way.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import type { FileNode } from "../../../../engine/sim/volume.ts";
import { makePair, type Site } from "./pair.ts";

/** What every verb about the machine is given. */
export const VM = { vm: "vm" };
/** Bytes of its disk, unless a test wants others. */
export const SIZE = 2 * MiB;

/** Bytes that do not compress. */
export function rough(length: number, salt: number): Uint8Array {
  let state = salt >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** A machine that is to be exported, and a medium `/usb` at its primary. */
export function prepared(seed: number, settings: JsonObject = {}, size = SIZE) {
  const pair = makePair(seed, size);
  const { a } = pair;
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  for (let at = 0; at < size / 2; at += 64 * KiB) {
    a.write("vm/0", at, rough(Math.min(32 * KiB, size / 2), seed * 1000 + at));
  }
  a.call("replication enable", { vm: "vm", to: "b:7700", frequency: 10 * SECOND, ...settings });
  a.host.addPlace("usb");
  return pair;
}

/** What `prepared` makes. */
export type Prepared = ReturnType<typeof prepared>;

/** The machine's status. */
export function status(site: Site): JsonObject {
  return site.call("replication status", VM) as JsonObject;
}

/** Where its relationship stands. */
export function state(site: Site): string {
  return String(status(site)["state"]);
}

/** Exports and waits until the primary waits for the import; returns the package's folder. */
export function exported({ world, a }: Prepared): string {
  a.call("replication start", { vm: "vm", export: "/usb" });
  world.runWhile(() => state(a) !== "WaitingForInitialReplication", 600 * SECOND);
  equal(state(a), "WaitingForInitialReplication");
  return packageOf(a);
}

/** The folder of the package that is complete. */
export function packageOf(a: Site): string {
  return String((status(a)["initialReplication"] as JsonObject)["folder"]);
}

/** The medium goes to the other host, as it is. */
export function carry(from: Site, to: Site): void {
  to.host.bringPlace("usb", from.host.takePlace("usb"));
}

/** The folder `path` on the medium, wherever that is. */
export function folderOf({ host }: Site, path: string): Directory {
  let folder = host.places.get("usb") as Directory;
  for (const name of path.split("/").slice(2)) folder = folder.entries.get(name) as Directory;
  return folder;
}

/** What a file of the package holds. */
export function bytesOf(folder: Directory, name: string): Uint8Array {
  const { sectors } = folder.entries.get(name) as FileNode;
  return sectors.read(0, sectors.length).slice();
}

/** Replaces what a file of the package holds. */
export function overwrite(folder: Directory, name: string, bytes: Uint8Array): void {
  const { sectors } = folder.entries.get(name) as FileNode;
  sectors.truncate(0);
  sectors.write(0, bytes);
}

/** The machine at the replica reads as the guest's disk does. */
export function sameAtBoth(a: Site, b: Site, size = SIZE): void {
  b.call("failover start", VM);
  deepEqual(b.read("vm/0", 0, size), a.host.disks.get("vm.img")!.node.sectors.read(0, size));
}

/** Until both are replicating. */
export function settled({ world, a }: Prepared): void {
  world.runWhile(() => state(a) !== "Replicating", 60 * SECOND);
  equal(state(a), "Replicating");
}
