/**
 * A pair of simulated servers, a primary `a` and a replica `b`, that run the real engine.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import type { Json, JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, type PointId, SECOND } from "../../../../engine/core/base/units.ts";
import { Server } from "../../../../engine/core/server/server.ts";
import type { ServerSettings } from "../../../../engine/core/server/settings.ts";
import { Signal } from "../../../../engine/core/runtime/signal.ts";
import { Directory } from "../../../../engine/sim/directory.ts";
import type { HostOptions, SimHost } from "../../../../engine/sim/host.ts";
import { FileNode } from "../../../../engine/sim/volume.ts";
import { SimWorld } from "../../../../engine/sim/world.ts";
import { loadKernel } from "../../../../wasm/codec.ts";

/** A host and the server that runs on it. */
export class Site {
  readonly host: SimHost;
  readonly settings: ServerSettings;
  server: Server | undefined;

  /** `copyRun`: see `ServerSettings`; 0 for the default. */
  constructor(world: SimWorld, name: string, options: HostOptions = {}, copyRun = 0) {
    this.host = world.addHost(name, options);
    this.settings = {
      name,
      listen: `${name}:7700`,
      geometry: { blockSize: 512, regionSize: 4 * KiB },
      slots: 16,
      cowSizeMax: 64 * KiB,
      ...(copyRun === 0 ? {} : { copyRun }),
    };
  }

  /** Starts the server; returns when it is open. */
  start(): void {
    this.server = undefined;
    const begin = (server: Server) => this.server = server;
    const { settings } = this;
    this.host.start(function* (ports) {
      begin(yield* Server.start(ports, settings));
      yield* new Signal().wait();
    });
    this.host.world.runWhile(() => this.server === undefined, 60 * SECOND);
    if (this.server === undefined) {
      throw new Error(this.host.world.violations[0]?.message ?? "The server did not start");
    }
  }

  /** Calls a verb. */
  call(verb: string, args: JsonObject = {}): Json {
    return this.host.run((this.server as Server).call(verb, args), 600 * SECOND);
  }

  /** Writes to an export. */
  write(name: string, at: number, data: Uint8Array): void {
    const disk = this.server?.exports.get(name)?.disk;
    if (disk === undefined) throw new Error(`No export ${name}`);
    this.host.run(disk.write(at, data));
  }

  /** The time that its world is in. */
  get world(): SimWorld {
    return this.host.world;
  }

  /** What a file of its data folder holds, by its whole path. */
  file(path: string): Uint8Array {
    let found: Directory | FileNode | undefined = this.host.data;
    for (const name of path.slice(this.host.data.path.length + 1).split("/")) {
      found = found instanceof Directory ? found.entries.get(name) : undefined;
    }
    if (!(found instanceof FileNode)) throw new Error(`No file ${path}`);
    return found.sectors.peek();
  }

  /** Reads from an export. */
  read(name: string, at: number, length: number): Uint8Array {
    const disk = this.server?.exports.get(name)?.disk;
    if (disk === undefined) throw new Error(`No export ${name}`);
    return this.host.run(disk.read(at, length));
  }
}

/** Two sites in one world; a machine `vm` with one disk at `a`. */
export function makePair(
  seed: number,
  diskSize = MiB,
  copyRun = 0,
): { world: SimWorld; a: Site; b: Site } {
  const world = new SimWorld({ seed, kernel: loadKernel() });
  const a = new Site(world, "a", {}, copyRun);
  const b = new Site(world, "b", {}, copyRun);
  a.host.addDisk("vm.img", { size: diskSize });
  a.start();
  b.start();
  return { world, a, b };
}

/** Enables replication and runs initial replication to its end. */
export function protect(a: Site, settings: JsonObject = {}): void {
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  a.call("replication enable", { vm: "vm", to: "b:7700", frequency: 3600 * SECOND, ...settings });
  a.call("replication start", { vm: "vm" });
  a.call("replication cycle", { vm: "vm" });
}

/** `length` bytes of one value. */
export function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

/** Status of the machine `vm` at `site`. */
export function status(site: Site): JsonObject {
  return site.call("replication status", { vm: "vm" }) as JsonObject;
}

/** Drives the world until `site` says `state` of the machine `vm`. */
export function until(site: Site, state: string): void {
  const { world } = site.host;
  const there = () => {
    try {
      return status(site)["state"] === state;
    } catch {
      return false;
    }
  };
  for (let tries = 0; tries < 300 && !there(); tries++) world.runFor(SECOND);
  equal(status(site)["state"], state, JSON.stringify(status(site)));
}

/** The disks of a point by index, as a view has them; nothing where the point has none. */
export function disksOf(b: Site, point: PointId): (Uint8Array | undefined)[] {
  const store = b.server?.replica.machine("vm").store;
  if (store === undefined) throw new Error("No replica");
  return b.host.run(function* () {
    const view = yield* store.view(point);
    const disks: (Uint8Array | undefined)[] = [];
    for (const [disk, size] of view.sizes.entries()) {
      disks.push(size === 0 ? undefined : yield* view.read(disk, 0, size));
    }
    yield* view.close();
    return disks;
  }());
}

/** What the guest's disk of that index holds. */
export function contents(a: Site, disk: number): Uint8Array {
  const name = `vm/${disk}`;
  return a.read(name, 0, a.server?.exports.get(name)?.disk.size ?? 0);
}

/** Both sides have written: the primary took its machine back by force while it was started there. */
export function bothWrote(seed: number) {
  const pair = makePair(seed);
  const { a, b } = pair;
  protect(a);
  a.call("failover prepare", { vm: "vm" });
  b.call("failover start", { vm: "vm" });
  a.call("failover cancel", { vm: "vm", force: true });
  a.write("vm/0", 0, filled(KiB, 1));
  b.write("vm/0", 512 * KiB, filled(KiB, 2));
  b.call("failover reverse", { vm: "vm" });
  return pair;
}
