/**
 * A world in memory for the tests of history: folders, files and disks with what is in the kernel and
 * what is durable, completions in any order, and a crash at any call.
 *
 * It is deliberately simple: at a power loss every unflushed write survives or not, each sector of it
 * alone, and so does every unflushed change of a folder.
 *
 * @module
 */

// Long because: disks, folders, files and what a power loss does to them belong to one small model.

import { localFailure } from "../../../../engine/core/base/failure.ts";
import type { Extent } from "../../../../engine/core/block/extent.ts";
import type { Disk, DiskIdentity } from "../../../../engine/core/ports/disk.ts";
import type {
  File,
  FileChange,
  Folder,
  OpenOptions,
} from "../../../../engine/core/ports/folder.ts";
import type { EngineEvent } from "../../../../engine/core/ports/observer.ts";
import type { Ports } from "../../../../engine/core/ports/ports.ts";
import { Loop, type Run, type Token } from "../../../../engine/core/runtime/loop.ts";
import { suspend, type Task } from "../../../../engine/core/runtime/task.ts";
import { loadKernel, simpleCodec } from "../../../../wasm/codec.ts";

const SECTOR = 512;

interface Change {
  readonly at: number;
  readonly data: Uint8Array;
  /** The length the file has afterwards. */
  readonly size: number;
}

class Inode {
  readonly number: number;
  readonly disk: boolean;
  data = new Uint8Array(0);
  durable = new Uint8Array(0);
  unflushed: Change[] = [];
  changed = 1;
  durableChanged = 1;
  locked = false;
  /** Sectors that cannot be read. */
  readonly bad = new Set<number>();

  constructor(number: number, disk: boolean) {
    this.number = number;
    this.disk = disk;
  }

  resize(size: number): void {
    const data = new Uint8Array(size);
    data.set(this.data.subarray(0, size));
    this.data = data;
  }

  write(at: number, bytes: Uint8Array, size = Math.max(this.data.length, at + bytes.length)): void {
    if (size !== this.data.length) this.resize(size);
    this.data.set(bytes, at);
    this.changed++;
    this.unflushed.push({ at, data: bytes.slice(), size });
  }

  flush(): void {
    this.durable = this.data.slice();
    this.unflushed = [];
  }

  /** As `flush`, the time of the last change included. */
  sync(): void {
    this.flush();
    this.durableChanged = this.changed;
  }

  losePower(survives: () => boolean): void {
    let data = this.durable;
    for (const change of this.unflushed) {
      if (change.size !== data.length && survives()) {
        const sized = new Uint8Array(change.size);
        sized.set(data.subarray(0, change.size));
        data = sized;
      }
      for (let from = 0; from < change.data.length; from += SECTOR) {
        const piece = change.data.subarray(from, from + SECTOR);
        const room = data.length - (change.at + from);
        if (room <= 0 || !survives()) continue;
        data = data.slice();
        data.set(piece.subarray(0, Math.min(room, piece.length)), change.at + from);
      }
    }
    this.data = data.slice();
    if (!survives()) this.changed = this.durableChanged;
    this.sync();
    this.locked = false;
  }
}

type Entry = Inode | Directory;

class Directory {
  entries = new Map<string, Entry>();
  durable = new Map<string, Entry>();
  unflushed: ((names: Map<string, Entry>) => void)[] = [];

  change(change: (names: Map<string, Entry>) => void): void {
    change(this.entries);
    this.unflushed.push(change);
  }

  flush(): void {
    this.durable = new Map(this.entries);
    this.unflushed = [];
  }

  losePower(survives: () => boolean): void {
    for (const change of this.unflushed) if (survives()) change(this.durable);
    this.entries = new Map(this.durable);
    this.unflushed = [];
    for (const entry of this.entries.values()) entry.losePower(survives);
  }
}

/** How a process ends. */
export type Ending = "kill" | "power-loss";

/** The whole world of one store. */
export class FakeWorld {
  /** Calls of ports so far. */
  calls = 0;
  /** At this call the process ends; before, after or in the middle of it. */
  crashAt = -1;
  ending: Ending = "power-loss";
  crashed = false;
  now = 0;
  /** Bytes that can still be written beyond what files hold; unlimited when undefined. */
  space: number | undefined;
  /** Names of calls that fail, `flush` or `write`, and how many times. */
  failing: { call: string; times: number } | undefined;
  /** Called before each completion: to act between any two calls. */
  onCall: ((call: string) => void) | undefined;
  readonly events: EngineEvent[] = [];
  readonly root = new Directory();
  loop: Loop;
  #pending: { readonly call: string; readonly token: Token; readonly act: () => unknown }[] = [];
  #inodes = 0;
  #random: number;
  panicked: Error | undefined;

  constructor(seed: number) {
    this.#random = (seed ^ 0x9e3779b9) >>> 0 || 1;
    this.loop = this.#newLoop();
  }

  #newLoop(): Loop {
    return new Loop(() => {}, (error) => {
      this.panicked ??= error;
    });
  }

  /** An integer from 0 to `below` - 1. */
  random(below: number): number {
    let x = this.#random;
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x >>> 0;
    return this.#random % below;
  }

  /** The ports of the process that runs now. */
  ports(): Ports {
    // deno-lint-ignore no-this-alias -- the ports outlive this call
    const world = this;
    const ports = {
      loop: this.loop,
      clock: { now: () => world.now, wall: () => 0, localOffset: () => 0 },
      entropy: {
        bytes: (length: number) => new Uint8Array(length).map(() => world.random(256)),
      },
      codec: simpleCodec(loadKernel()),
      observer: { emit: (event: EngineEvent) => void world.events.push(event) },
    };
    return ports as unknown as Ports;
  }

  folder(): Folder {
    return new FakeFolder(this, this.root, "fake");
  }

  /** The bytes of a file, to look at or to damage. */
  bytes(...path: string[]): Uint8Array {
    return this.inode(...path).data;
  }

  inode(...path: string[]): Inode {
    let entry: Entry = this.root;
    for (const name of path) {
      const next: Entry | undefined = (entry as Directory).entries.get(name);
      if (next === undefined) throw new Error(`no ${path.join("/")}`);
      entry = next;
    }
    return entry as Inode;
  }

  names(...path: string[]): string[] {
    let entry: Entry = this.root;
    for (const name of path) entry = (entry as Directory).entries.get(name) as Entry;
    return [...(entry as Directory).entries.keys()].sort();
  }

  newInode(disk: boolean): Inode {
    return new Inode(++this.#inodes, disk);
  }

  /** One call of a port: completes later, in any order with the others. */
  *call<T>(call: string, act: () => T): Task<T> {
    return yield* suspend<T>({
      begin: (token) => {
        this.#pending.push({ call, token, act });
        return undefined;
      },
    });
  }

  /** Runs until `runs` have ended, or the process has. */
  drive(...runs: readonly Run<never>[] | readonly Run[]): void {
    for (;;) {
      this.loop.drain();
      if (this.crashed || runs.every((run) => run.outcome !== undefined)) return;
      if (this.#pending.length === 0) throw new Error("everybody waits for nobody");
      this.#complete();
    }
  }

  #complete(): void {
    const [pending] = this.#pending.splice(this.random(this.#pending.length), 1);
    if (pending === undefined) return;
    this.calls++;
    this.onCall?.(pending.call);
    if (this.calls === this.crashAt) {
      if (this.random(2) === 0) this.#perform(pending.act);
      this.crash();
      return;
    }
    if (
      this.failing !== undefined && this.failing.times > 0 && this.failing.call === pending.call
    ) {
      this.failing.times--;
      pending.token.fail(
        localFailure("io-error", `Injected failure of ${pending.call}`, "Try again"),
      );
      return;
    }
    const result = this.#perform(pending.act);
    if (result instanceof Error) pending.token.fail(result);
    else pending.token.resume(result);
  }

  #perform(act: () => unknown): unknown {
    try {
      return act();
    } catch (error) {
      return error;
    }
  }

  /** Ends the process where it stands. */
  crash(ending: Ending = this.ending): void {
    this.crashed = true;
    this.loop.kill();
    this.#pending = [];
    const odds = this.random(4);
    if (ending === "power-loss") this.root.losePower(() => this.random(4) < odds);
    else unlockAll(this.root);
  }

  /** A new process after the last one ended. */
  restart(): void {
    this.crashed = false;
    this.crashAt = -1;
    this.loop = this.#newLoop();
    this.now = 0;
  }

  /** Runs `task` alone to its end; throws what it throws. */
  run<T>(task: Task<T>): T {
    const run = this.loop.start("test", task);
    this.drive(run as Run);
    const { outcome } = run;
    if (outcome === undefined) throw new Crash();
    if (this.panicked !== undefined) throw this.panicked;
    if (outcome.ok) return outcome.value;
    throw outcome.error;
  }

  takeSpace(bytes: number): void {
    if (this.space === undefined || bytes <= 0) return;
    if (bytes > this.space) throw localFailure("no-space", "Injected: no space", "Try again");
    this.space -= bytes;
  }
}

/** The process ended while a task ran. */
export class Crash extends Error {}

function unlockAll(directory: Directory): void {
  for (const entry of directory.entries.values()) {
    if (entry instanceof Directory) unlockAll(entry);
    else entry.locked = false;
  }
}

class FakeFolder implements Folder {
  readonly path: string;
  readonly #world: FakeWorld;
  readonly #directory: Directory;

  constructor(world: FakeWorld, directory: Directory, path: string) {
    this.#world = world;
    this.#directory = directory;
    this.path = path;
  }

  list(): Task<readonly string[]> {
    return this.#world.call("list", () => [...this.#directory.entries.keys()].sort());
  }

  folder(name: string, options?: { readonly create?: boolean }): Task<Folder> {
    return this.#world.call("folder", () => {
      const entry = this.#directory.entries.get(name);
      if (entry instanceof Directory) {
        return new FakeFolder(this.#world, entry, `${this.path}/${name}`);
      }
      if (options?.create !== true) throw localFailure("not-found", `no ${name}`, "Try again");
      const made = new Directory();
      this.#directory.change((names) => void names.set(name, made));
      return new FakeFolder(this.#world, made, `${this.path}/${name}`);
    });
  }

  open(name: string, options: OpenOptions = {}): Task<File> {
    return this.#world.call("open", () => {
      let inode = this.#directory.entries.get(name);
      if (inode === undefined) {
        if (options.create !== true) throw localFailure("not-found", `no ${name}`, "Try again");
        const made = this.#world.newInode(false);
        this.#directory.change((names) => void names.set(name, made));
        inode = made;
      }
      if (inode instanceof Directory) {
        throw localFailure("io-error", `${name} is a folder`, "Try again");
      }
      if (options.truncate === true && inode.data.length > 0) inode.write(0, new Uint8Array(0), 0);
      return new FakeFile(this.#world, inode);
    });
  }

  createDisk(name: string, size: number): Task<Disk> {
    return this.#world.call("createDisk", () => {
      if (this.#directory.entries.has(name)) throw localFailure("exists", name, "Try again");
      const inode = this.#world.newInode(true);
      inode.resize(size);
      inode.flush();
      inode.locked = true;
      this.#directory.change((names) => void names.set(name, inode));
      return new FakeDisk(this.#world, inode);
    });
  }

  openDisk(name: string): Task<Disk> {
    return this.#world.call("openDisk", () => {
      const inode = this.#directory.entries.get(name);
      if (!(inode instanceof Inode)) throw localFailure("not-found", `no ${name}`, "Try again");
      if (inode.locked) throw localFailure("locked", name, "Try again");
      inode.locked = true;
      return new FakeDisk(this.#world, inode);
    });
  }

  rename(from: string, to: string): Task<void> {
    return this.#world.call("rename", () => {
      const entry = this.#directory.entries.get(from);
      if (entry === undefined) throw localFailure("not-found", `no ${from}`, "Try again");
      this.#directory.change((names) => {
        names.set(to, entry);
        if (names.get(from) === entry) names.delete(from);
      });
    });
  }

  remove(name: string): Task<void> {
    return this.#world.call("remove", () => {
      this.#directory.change((names) => void names.delete(name));
    });
  }

  flush(): Task<void> {
    return this.#world.call("flush-folder", () => this.#directory.flush());
  }

  free(): Task<number> {
    return this.#world.call("free", () => this.#world.space ?? 1 << 30);
  }
}

class FakeFile implements File {
  readonly #world: FakeWorld;
  readonly #inode: Inode;

  constructor(world: FakeWorld, inode: Inode) {
    this.#world = world;
    this.#inode = inode;
  }

  get size(): number {
    return this.#inode.data.length;
  }

  read(at: number, length: number): Task<Uint8Array> {
    return this.#world.call("read", () => readInode(this.#inode, at, length));
  }

  write(at: number, data: Uint8Array): Task<void> {
    return this.#world.call("write", () => {
      this.#world.takeSpace(at + data.length - this.#inode.data.length);
      this.#inode.write(at, data);
    });
  }

  truncate(size: number): Task<void> {
    return this.#world.call("truncate", () => this.#inode.write(0, new Uint8Array(0), size));
  }

  allocate(size: number): Task<void> {
    return this.#world.call("allocate", () => {
      this.#world.takeSpace(size - this.#inode.data.length);
      if (size > this.#inode.data.length) this.#inode.write(0, new Uint8Array(0), size);
    });
  }

  flush(): Task<void> {
    return this.#world.call("flush", () => this.#inode.flush());
  }

  lastChange(): Task<FileChange> {
    return this.#world.call("lastChange", () => ({ device: "", changed: "" }));
  }

  lock(): Task<void> {
    return this.#world.call("lock", () => {});
  }

  close(): Task<void> {
    return this.#world.call("close", () => {});
  }
}

class FakeDisk implements Disk {
  readonly size: number;
  readonly #world: FakeWorld;
  readonly #inode: Inode;

  constructor(world: FakeWorld, inode: Inode) {
    this.#world = world;
    this.#inode = inode;
    this.size = inode.data.length;
  }

  read(at: number, length: number): Task<Uint8Array> {
    return this.#world.call("disk-read", () => readInode(this.#inode, at, length));
  }

  write(at: number, data: Uint8Array): Task<void> {
    return this.#world.call("disk-write", () => this.#inode.write(at, data));
  }

  zero(at: number, length: number): Task<void> {
    return this.#world.call("disk-zero", () => this.#inode.write(at, new Uint8Array(length)));
  }

  flush(): Task<void> {
    return this.#world.call("disk-flush", () => this.#inode.flush());
  }

  identity({ lasting = false } = {}): Task<DiskIdentity> {
    return this.#world.call("identity", () => {
      if (lasting) this.#inode.sync();
      return {
        device: "fake",
        inode: String(this.#inode.number),
        size: this.size,
        changed: String(this.#inode.changed),
        stamped: true,
      };
    });
  }

  allocated(at: number, length: number): Task<readonly Extent[]> {
    return this.#world.call("allocated", () => {
      const extents: Extent[] = [];
      for (let from = at; from < at + length;) {
        const end = Math.min((Math.floor(from / SECTOR) + 1) * SECTOR, at + length);
        const any = this.#inode.data.subarray(from, end).some((byte) => byte !== 0);
        if (any) extents.push({ at: from, length: end - from });
        from = end;
      }
      return extents;
    });
  }

  close(): Task<void> {
    return this.#world.call("close", () => {
      this.#inode.locked = false;
    });
  }
}

function readInode(inode: Inode, at: number, length: number): Uint8Array {
  for (let sector = Math.floor(at / SECTOR); sector * SECTOR < at + length; sector++) {
    if (inode.bad.has(sector)) throw localFailure("latent-sector", `sector ${sector}`, "Try again");
  }
  return inode.data.slice(at, at + length);
}
