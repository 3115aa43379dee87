/**
 * The two real servers that the model is compared with, in the simulated world: what is done to them,
 * and what can be seen of them.
 *
 * @module
 */
// Long because: everything that commands do to servers, or see of them, goes through here.

import { type Failure, isFailed } from "../../engine/core/base/failure.ts";
import type { Json, JsonObject } from "../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../engine/core/base/units.ts";
import type { PrimaryMachine } from "../../engine/core/primary/machine.ts";
import type { RecoveryPoint } from "../../engine/core/history/recovery_point.ts";
import type { Disk } from "../../engine/core/ports/disk.ts";
import type { ReplicaMachine } from "../../engine/core/replica/replica_machine.ts";
import { Signal } from "../../engine/core/runtime/signal.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { Server } from "../../engine/core/server/server.ts";
import { Directory } from "../../engine/sim/directory.ts";
import type { SimHost } from "../../engine/sim/host.ts";
import { primaryOf, replicaOf } from "../../engine/sim/scenario/machine_run.ts";
import { markUnits } from "../../engine/sim/storage_io.ts";
import { FileNode } from "../../engine/sim/volume.ts";
import { SimWorld } from "../../engine/sim/world.ts";
import type { Kernel } from "../../engine/core/ports/codec.ts";
import { type Image, trimmed } from "./reference/image.ts";
import type { SiteName, SiteView } from "./reference/standing.ts";
import { copyOf, fill, type FolderCopy } from "../unit/core/server/host_copy.ts";
import { BLOCK, contentOf, stampsOf } from "./stamped.ts";

/** The machine. */
export const VM = "vm";
/** Longer than any retry or silence takes to be noticed. */
const PATIENCE = 600 * SECOND;
/** What has come to rest stirs no more for so long. */
const CALM = SECOND / 4;
/** How often it is waited for that. */
const ROUNDS = 4;
/** In which applies, comparisons and reconnections come to rest. */
const REST = 20 * SECOND;

/** What became of a verb; `undefined` when its server died meanwhile. */
export type Outcome =
  | { readonly value: Json; readonly failure?: undefined }
  | { readonly failure: Failure }
  | undefined;

/** How often a server that dies while it starts is started. */
const STARTS_MAX = 4;

/** A host and its server. */
class Site {
  readonly name: SiteName;
  readonly host: SimHost;
  server: Server | undefined;

  constructor(world: SimWorld, name: SiteName) {
    this.name = name;
    this.host = world.addHost(name);
  }

  /** Starts the server, again where it dies on the way; returns when it is open. */
  start(): void {
    for (let tries = 0; tries < STARTS_MAX && this.server === undefined; tries++) this.#start();
    if (this.server === undefined) {
      const [violation] = this.host.world.violations;
      throw new Error(`The server at ${this.name} does not start: ${violation?.message}`);
    }
  }

  #start(): void {
    const { host, name } = this;
    if (host.power === "off") host.powerOn();
    const opened = (server: Server) => this.server = server;
    const process = host.start(function* (ports) {
      opened(
        yield* Server.start(ports, {
          name,
          listen: `${name}:7700`,
          geometry: { blockSize: BLOCK, regionSize: 2 * KiB },
          slots: 3,
          cowSizeMax: 2 * KiB,
        }),
      );
      yield* new Signal().wait();
    });
    host.world.runWhile(() => this.server === undefined && process.alive, PATIENCE);
  }
}

/** Both servers, their link, and the machine's disks at `a`. */
export class Servers {
  readonly world: SimWorld;
  readonly sites: Readonly<Record<SiteName, Site>>;
  /** Disks that the machine began with at `a`, and others that came there: what "vm add" makes it of. */
  readonly #devices: string[] = [];
  #backup: FolderCopy | undefined;
  /** Devices, media and copies so far: each has a name of its own. */
  #things = 0;

  /** `disks`: how many blocks each has. */
  constructor(seed: number, kernel: Kernel, disks: readonly number[]) {
    this.world = new SimWorld({ seed, kernel });
    this.sites = { a: new Site(this.world, "a"), b: new Site(this.world, "b") };
    for (const blocks of disks) this.take("a", this.addDevice("a", blocks));
    this.sites.a.start();
    this.sites.b.start();
  }

  /** Names of the machine's disks at `a`. */
  get devices(): string[] {
    return [...this.#devices];
  }

  /** Calls a verb at a server that is up. */
  call(site: SiteName, verb: string, args: JsonObject): Outcome {
    const server = this.sites[site].server as Server;
    return this.#outcome(this.sites[site].host.attempt(server.call(verb, args), PATIENCE), verb);
  }

  /** Begins a verb, lets `steps` events happen, does `amid`, and waits for what becomes of the verb. */
  callAmid(
    site: SiteName,
    verb: string,
    args: JsonObject,
    steps: number,
    amid: () => void,
  ): Outcome {
    const { host, server } = this.sites[site];
    const process = host.process;
    if (process === undefined) throw new Error(`No server at ${site}`);
    const run = process.loop.start("verb", (server as Server).call(verb, args));
    for (let step = 0; step < steps && run.outcome === undefined; step++) this.world.step();
    amid();
    this.world.runWhile(() => run.outcome === undefined && process.alive, PATIENCE);
    return this.#outcome(run.outcome, verb);
  }

  #outcome(
    outcome:
      | { readonly ok: true; readonly value: Json }
      | { ok: false; error: unknown }
      | undefined,
    verb: string,
  ): Outcome {
    this.check();
    if (outcome === undefined) return undefined;
    if (outcome.ok) return { value: outcome.value };
    if (isFailed(outcome.error)) return { failure: outcome.error.failure };
    throw new Error(`"${verb}" threw what is no failure: ${outcome.error}`);
  }

  /** Fails when the world itself found something wrong. */
  check(): void {
    const [violation] = this.world.violations;
    if (violation !== undefined) throw new Error(`${violation.id}: ${violation.message}`);
  }

  #disk(site: SiteName, disk: number, vm: string = VM): Disk | undefined {
    return this.sites[site].server?.exports.get(`${vm}/${disk}`)?.disk;
  }

  /** What the disks of a test machine hold, before every block of the first one is written over. */
  useTest(site: SiteName, vm: string, stamp: number): Image {
    const { host } = this.sites[site];
    const image = this.#exported(site, vm) ?? [];
    const first = this.#disk(site, image.findIndex(({ length }) => length > 0), vm) as Disk;
    host.run(first.write(0, contentOf(stamp, first.size / BLOCK)), PATIENCE);
    this.check();
    return image;
  }

  /** Lets the world go on until the machine at a server stands so; false when it does not come to that. */
  until(site: SiteName, standing: string): boolean {
    this.world.runWhile(() => this.standing(site) !== standing, PATIENCE);
    this.check();
    return this.standing(site) === standing;
  }

  /** A guest writes; false when there is no such disk. */
  write(site: SiteName, disk: number, block: number, count: number, stamp: number): boolean {
    return this.#guest(site, disk, (real) => {
      const at = block * BLOCK;
      if (stamp === 0) return real.zero(at, count * BLOCK);
      return real.write(at, contentOf(stamp, count));
    });
  }

  /** A guest flushes; false when there is no such disk. */
  flush(site: SiteName, disk: number): boolean {
    return this.#guest(site, disk, (real) => real.flush());
  }

  #guest(site: SiteName, disk: number, request: (disk: Disk) => Task<void>): boolean {
    const real = this.#disk(site, disk);
    if (real === undefined) return false;
    this.sites[site].host.run(request(real), PATIENCE);
    this.check();
    return true;
  }

  /** A server dies, with its host's power or without, and stays down. */
  die(site: SiteName, dark: boolean): void {
    const { host } = this.sites[site];
    if (dark) host.powerLoss();
    else host.kill();
    this.sites[site].server = undefined;
  }

  /** A server that is down starts. */
  start(site: SiteName): void {
    this.sites[site].server = undefined;
    this.sites[site].start();
    this.check();
  }

  /** Cuts the link, or mends it. */
  link(up: boolean): void {
    if (up) this.world.net.heal();
    else this.world.net.partition("a", "b");
  }

  /** Lets what is under way come to rest: applies, changes of role, comparisons of what a restart found. */
  rest(): void {
    const busy = (site: SiteName) => {
      const { server } = this.sites[site];
      if (server === undefined) return false;
      const replica = replicaOf(server, VM);
      const changing = replica === undefined && primaryOf(server, VM) === undefined &&
        (server.primary.has(VM) || server.replica.has(VM));
      return changing || (replica !== undefined &&
        replica.store.points.some(({ applied, unverified }) => !applied || unverified));
    };
    const stirs = () => busy("a") || busy("b");
    // What is no longer kept is dropped behind an apply; that of a cycle for which a change of disks asked may be yet to come.
    for (let rounds = 0; rounds < ROUNDS; rounds++) {
      this.world.runWhile(stirs, REST);
      const calm = this.world.now + CALM;
      this.world.runWhile(() => !stirs(), CALM);
      if (stirs()) continue;
      this.world.runFor(calm - this.world.now);
      break;
    }
    this.check();
  }

  #replica(site: SiteName): ReplicaMachine | undefined {
    const { server } = this.sites[site];
    return server === undefined ? undefined : replicaOf(server, VM);
  }

  /** Role and state of the machine at a server, without a look at any disk; "down" where it is down. */
  standing(site: SiteName): string {
    const { server } = this.sites[site];
    if (server === undefined || this.sites[site].host.process === undefined) return "down";
    const replica = replicaOf(server, VM);
    if (replica !== undefined) return `replica ${replica.state}`;
    const primary = primaryOf(server, VM);
    return primary === undefined ? "none" : `primary ${primary.state}`;
  }

  /** What can be seen of a server that is up. */
  view(site: SiteName): SiteView | undefined {
    const { server } = this.sites[site];
    if (server === undefined) return undefined;
    const replica = this.#replica(site);
    if (replica !== undefined) {
      // The disk files are nobody's but the machine's behind a complete: they hold its newest point, and
      // an older one that is held cannot be read until the machine is replicated again.
      const files = replica.state === "FailedOver" ? this.#files(site, replica) : undefined;
      const points = replica.store.points.map((point, at, { length }) =>
        files === undefined
          ? this.#point(site, replica, point)
          : { id: point.id, image: at === length - 1 ? cut(files, point) : undefined, broken: "" }
      );
      const guest = files ?? this.#exported(site);
      return { role: "replica", state: replica.state, points, guest };
    }
    const primary = primaryOf(server, VM);
    const unopened = primary === undefined && (server.primary.has(VM) || server.replica.has(VM));
    const role = unopened ? "unopened" : primary === undefined ? "none" : "primary";
    // A replica that was removed and seeded anew lies in files of its own, and a machine that moves there as well.
    const paths = primary?.disks.map(({ path, part }) => part === "removed" ? "" : path) ??
      this.devices;
    const own = site === "a" && paths.every((path) => path === "" || this.devices.includes(path));
    const guest = own
      ? paths.map((path) => path === "" ? [] : this.device("a", path))
      : this.#exported(site);
    return { role, state: primary?.state ?? "none", points: [], guest };
  }

  /** What a device holds, whoever has it. */
  device(site: SiteName, name: string): number[] {
    const sectors = this.sites[site].host.disks.get(name)?.node.sectors;
    if (sectors === undefined) throw new Error(`No disk ${name}`);
    return stampsOf(sectors.read(0, sectors.length));
  }

  /** The path of a disk of the machine that runs at `site`; "" where there is none, or no device. */
  path(site: SiteName, disk: number): string {
    const { server, host } = this.sites[site];
    const primary = server === undefined ? undefined : primaryOf(server, VM);
    const { part = "removed", path = "" } = primary?.disks[disk] ?? {};
    return part === "removed" || !host.disks.has(path) ? "" : path;
  }

  #exported(site: SiteName, vm: string = VM): Image | undefined {
    const names = this.sites[site].server?.exports.list() ?? [];
    const numbers = names.flatMap((name) => {
      const [machine, disk] = name.split("/");
      return machine === vm ? [Number(disk)] : [];
    });
    if (numbers.length === 0) return undefined;
    return Array.from({ length: Math.max(...numbers) + 1 }, (_, disk) => {
      const real = this.#disk(site, disk, vm);
      if (real === undefined) return [];
      return stampsOf(this.sites[site].host.run(real.read(0, real.size), PATIENCE));
    });
  }

  /** What a point holds that a server lists at this moment, ere a newer one takes its place; `undefined` where it does not. */
  point(site: SiteName, id: string): Image | undefined {
    const replica = this.#replica(site);
    const point = replica?.store.points.find((each) => each.id === id);
    if (replica === undefined || point === undefined) return undefined;
    return this.#point(site, replica, point).image;
  }

  #point(site: SiteName, { store }: ReplicaMachine, point: RecoveryPoint) {
    const { id, broken = "" } = point;
    if (broken !== "") return { id, image: [], broken };
    const read = function* (): Task<Image> {
      const view = yield* store.view(id);
      const image: number[][] = [];
      for (const [disk, size] of view.sizes.entries()) {
        image.push(size === 0 ? [] : stampsOf(yield* view.read(disk, 0, size)));
      }
      yield* view.close();
      return image;
    };
    return { id, image: trimmed(this.sites[site].host.run(read(), PATIENCE)), broken };
  }

  /** The disk files of a completed failover, as whoever starts the machine from them finds them. */
  #files(site: SiteName, { store }: ReplicaMachine): Image {
    const { data, disks } = this.sites[site].host;
    return (store.diskPaths ?? []).map((path) => {
      if (path === "") return [];
      const device = disks.get(path)?.node.sectors;
      if (device !== undefined) return stampsOf(device.read(0, device.length));
      let entry: Directory | FileNode | undefined = data;
      for (const name of path.slice(data.path.length + 1).split("/")) {
        entry = entry instanceof Directory ? entry.entries.get(name) : undefined;
      }
      if (!(entry instanceof FileNode)) throw new Error(`No disk file at ${path}`);
      return stampsOf(entry.sectors.read(0, entry.sectors.length));
    });
  }

  /** A device of so many blocks, all zeros, that is no disk of the machine yet; its name. */
  addDevice(site: SiteName, blocks: number): string {
    const name = `${VM}-${this.#things++}.img`;
    this.sites[site].host.addDisk(name, { size: blocks * BLOCK });
    return name;
  }

  /** A device is one of the machine's disks: at `a` it is so too when the machine is added anew. */
  take(site: SiteName, name: string): void {
    if (site === "a") this.#devices.push(name);
  }

  /** A medium is put into the server at `a`; its name. */
  addMedium(): string {
    const name = `usb-${this.#things++}`;
    this.sites.a.host.addPlace(name);
    return name;
  }

  /** Carries a medium from `a` to `b`. */
  carry(medium: string): void {
    this.sites.b.host.bringPlace(medium, this.sites.a.host.takePlace(medium));
  }

  /** Files at `b` that hold what the machine's disks hold, but for every third block; their names. */
  addCopies(stamp: number): string[] {
    const copy = this.#things++;
    const { disks } = primaryOf(this.sites.a.server as Server, VM) as PrimaryMachine;
    return disks.filter(({ part }) => part === "replicated").map(({ path }, disk) => {
      const name = `copy-${copy}-${disk}.img`;
      const sectors = this.sites.a.host.disks.get(path)?.node.sectors;
      const bytes = sectors?.read(0, sectors.length) ?? new Uint8Array();
      const blocks = bytes.length / BLOCK;
      const { node } = this.sites.b.host.addDisk(name, { size: bytes.length });
      for (let block = 0; block < blocks; block += 3) {
        bytes.set(contentOf(stamp + 1, 1), block * BLOCK);
      }
      node.sectors.write(0, bytes);
      node.sectors.persist(node.sectors.mark());
      markUnits(node, 0, bytes.length, true);
      return name;
    });
  }

  #folder(): Directory {
    return this.sites.b.host.data.entries.get("replicas") as Directory;
  }

  /** Copies the replica's folder as it is. */
  backUp(): void {
    const folder = this.#folder().entries.get(VM);
    this.#backup = folder instanceof Directory ? copyOf(folder) : undefined;
  }

  /** Puts the copy in the place of what is there. The server at `b` is down. */
  restore(): void {
    const replicas = this.#folder();
    replicas.unlink(VM);
    const { volume, path } = replicas;
    const folder = new Directory(volume, `${path}/${VM}`);
    replicas.link(VM, folder);
    replicas.persist(replicas.mark());
    if (this.#backup !== undefined) fill(folder, this.#backup);
  }
}

/** Of disk files what their point has: one that lies where it was before is never made shorter. */
function cut(files: Image, { sizes }: RecoveryPoint): Image {
  return files.map((blocks, disk) => blocks.slice(0, (sizes[disk] ?? 0) / BLOCK));
}
