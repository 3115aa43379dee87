/**
 * A small world for the tests of tracking: files and disks with a kernel that forgets unflushed
 * sectors when the power goes, requests that take their time, and one seeded order of everything.
 *
 * @module
 */
// Long because: the parts of a world that is whole in itself, shared by the tests of one folder.

import { Failed, localFailure } from "../../../../engine/core/base/failure.ts";
import type { MachineId, PointId } from "../../../../engine/core/base/units.ts";
import type { Extent } from "../../../../engine/core/block/extent.ts";
import type { Clock } from "../../../../engine/core/ports/clock.ts";
import type { Disk, DiskIdentity } from "../../../../engine/core/ports/disk.ts";
import type { File, FileChange, Folder } from "../../../../engine/core/ports/folder.ts";
import type { GuestDisk, Ports } from "../../../../engine/core/ports/ports.ts";
import { Loop, type Token } from "../../../../engine/core/runtime/loop.ts";
import { Scope } from "../../../../engine/core/runtime/scope.ts";
import { suspend, type Task } from "../../../../engine/core/runtime/task.ts";
import type { TrackingOptions } from "../../../../engine/core/tracking/tracking_base.ts";
import { loadKernel, simpleCodec } from "../../../../wasm/codec.ts";

const SECTOR = 512;

/** Numbers from a seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  /** True once in `of` times. */
  once(of: number): boolean {
    return this.below(of) === 0;
  }
}

/** Contents of a file or disk: what the kernel has, and what the platter has. */
export class Store {
  cache = new Uint8Array(0);
  durable = new Uint8Array(0);
  readonly inode: number;
  /** When the contents changed last, ns. */
  changed = 1;
  /** False for a block device, which tells no time of change. */
  stamped = true;
  locked = false;
  #snapshots = 0;
  #flushed = 0;

  constructor(inode: number) {
    this.inode = inode;
  }

  /** A flush begins; gives what it does when it is done. A later one may be done earlier. */
  flushing(): () => void {
    const snapshot = this.cache.slice();
    const order = ++this.#snapshots;
    return () => {
      if (order < this.#flushed) return;
      this.#flushed = order;
      this.durable = snapshot;
    };
  }

  resize(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.cache.subarray(0, Math.min(size, this.cache.length)));
    this.cache = bytes;
  }

  put(at: number, data: Uint8Array, now = 0): void {
    if (at + data.length > this.cache.length) this.resize(at + data.length);
    this.cache.set(data, at);
    this.changed = Math.max(this.changed + 1, now);
  }

  /** The power goes: of every sector that differs either version is there afterwards. */
  lose(random: Random): void {
    const size = random.once(2) ? this.durable.length : this.cache.length;
    const after = new Uint8Array(size);
    const all = random.once(4);
    const none = random.once(4);
    for (let at = 0; at < size; at += SECTOR) {
      const kept = all || (!none && random.once(2));
      const from = kept ? this.cache : this.durable;
      const part = from.subarray(at, Math.min(at + SECTOR, size));
      after.set(part, at);
    }
    this.cache = after;
    this.durable = after.slice();
  }
}

/** What happens to requests, set by tests. Gives a failure to fail with. */
export type FaultRule = (
  call: {
    readonly name: string;
    readonly kind: string;
    readonly at: number;
    readonly length: number;
  },
) => Failed | undefined;

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** One host: storage that outlives processes, and at most one process. */
export class FakeHost {
  readonly random: Random;
  readonly names = new Map<string, Store>();
  durableNames = new Map<string, Store>();
  readonly disk = new Store(1);
  fault: FaultRule = () => undefined;
  /** What is added to the time that a request takes, µs. */
  slow: (call: { readonly name: string; readonly kind: string }) => number = () => 0;
  /** The file system that the logs lie on, beside the disk unless a test says otherwise. */
  logDevice = "fake";
  time = 0;
  /** Kernel requests not done yet: what a crash may or may not have let through. */
  readonly pending = new Set<() => void>();
  #events: Event[] = [];
  #order = 0;
  #inodes = 2;
  #loop: Loop | undefined;
  #wake = false;
  panic: Error | undefined;
  /** Requests by `name:kind`, for tests that count. */
  readonly counts = new Map<string, number>();

  constructor(seed: number, diskSize: number) {
    this.random = new Random(seed);
    this.disk.resize(diskSize);
    this.disk.durable = this.disk.cache.slice();
  }

  /** Starts a process. */
  boot(): Loop {
    for (const store of this.names.values()) store.locked = false;
    this.#events = [];
    this.#loop = new Loop(
      () => {
        this.#wake = true;
      },
      (error) => {
        this.panic ??= error;
      },
    );
    return this.#loop;
  }

  /** Runs the process until `until` holds or nothing is left to happen. */
  run(until: () => boolean): void {
    while (!until()) {
      if (this.#wake) {
        this.#wake = false;
        this.#loop?.drain();
        if (this.panic !== undefined) throw this.panic;
        continue;
      }
      let first = 0;
      for (let at = 1; at < this.#events.length; at++) {
        const left = this.#events[at] as Event;
        const best = this.#events[first] as Event;
        if (left.at < best.at || (left.at === best.at && left.order < best.order)) first = at;
      }
      const event = this.#events[first];
      if (event === undefined) return;
      this.#events.splice(first, 1);
      this.time = Math.max(this.time, event.at);
      event.run();
    }
  }

  /** Runs one task to its end in the present process. */
  do<T>(task: Task<T>): T {
    const run = (this.#loop as Loop).start("test", task);
    this.run(() => run.outcome !== undefined);
    if (run.outcome === undefined) throw new Error("The task never ended");
    if (!run.outcome.ok) throw run.outcome.error;
    return run.outcome.value;
  }

  /** Ends the process where it stands. What was handed to the kernel lands, or does not. */
  kill(): void {
    this.#loop?.kill();
    for (const land of this.pending) if (this.random.once(2)) land();
    this.pending.clear();
    this.#events = [];
  }

  /** Kill, and of what was not flushed any subset survives. */
  losePower(): void {
    this.kill();
    const stores = new Set([...this.names.values(), ...this.durableNames.values()]);
    const names = new Map<string, Store>();
    for (const name of new Set([...this.names.keys(), ...this.durableNames.keys()])) {
      const from = this.random.once(2) ? this.names : this.durableNames;
      const store = from.get(name);
      if (store !== undefined) names.set(name, store);
    }
    this.names.clear();
    for (const [name, store] of names) this.names.set(name, store);
    this.durableNames = names;
    for (const store of [...stores, this.disk]) store.lose(this.random);
  }

  inode(): number {
    return this.#inodes++;
  }

  later(run: () => void, delay: number): () => void {
    const event = { at: this.time + delay, order: this.#order++, run };
    this.#events.push(event);
    return () => {
      this.#events = this.#events.filter((other) => other !== event);
    };
  }

  /** A request to the kernel: done some time later; `land` is what it does. */
  request<T>(name: string, kind: string, at: number, length: number, land: () => T): Task<T> {
    return suspend<T>({
      begin: (token: Token) => {
        const counter = `${name}:${kind}`;
        this.counts.set(counter, (this.counts.get(counter) ?? 0) + 1);
        const writes = kind !== "read";
        const effect = () => void land();
        if (writes) this.pending.add(effect);
        this.later(() => {
          this.pending.delete(effect);
          const failure = this.fault({ name, kind, at, length });
          if (failure !== undefined) return token.fail(failure);
          try {
            token.resume(land());
          } catch (error) {
            token.fail(error as Error);
          }
        }, 1 + this.random.below(kind === "flush" ? 400 : 100) + this.slow({ name, kind }));
        return writes ? undefined : () => {};
      },
    });
  }

  clock(): Clock {
    return {
      now: () => this.time,
      wall: () => this.time,
      localOffset: () => 0,
      sleep: (micros) =>
        suspend<void>({ begin: (token: Token) => this.later(() => token.resume(), micros) }),
    };
  }

  ports(): Ports {
    const loop = this.#loop as Loop;
    const codec = simpleCodec(loadKernel());
    return { loop, codec, clock: this.clock() } as unknown as Ports;
  }

  guest(): GuestDisk {
    return { disk: new FakeDisk(this), logs: new FakeFolder(this, "logs/"), stem: "vm.img" };
  }

  options(given: Partial<TrackingOptions> = {}): TrackingOptions {
    return {
      geometry: { blockSize: 512, regionSize: 4096 },
      slots: 4,
      cowSizeMax: 1 << 20,
      marks: new FakeFolder(this, "marks/"),
      machine: "a".repeat(32) as MachineId,
      disk: 0,
      ...given,
    };
  }

  scope(): Scope {
    return new Scope(this.#loop as Loop, "test");
  }
}

/** A random point id. */
export function pointId(random: Random): PointId {
  let text = "";
  for (let digit = 0; digit < 32; digit++) text += random.below(16).toString(16);
  return text as PointId;
}

class FakeDisk implements Disk {
  readonly size: number;
  readonly #host: FakeHost;

  constructor(host: FakeHost) {
    this.#host = host;
    this.size = host.disk.cache.length;
  }

  read(at: number, length: number): Task<Uint8Array> {
    const store = this.#host.disk;
    return this.#host.request("disk", "read", at, length, () => store.cache.slice(at, at + length));
  }

  write(at: number, data: Uint8Array): Task<void> {
    return this.#host.request(
      "disk",
      "write",
      at,
      data.length,
      () => this.#host.disk.put(at, data, 1000 * this.#host.time),
    );
  }

  zero(at: number, length: number): Task<void> {
    return this.#host.request(
      "disk",
      "zero",
      at,
      length,
      () => this.#host.disk.put(at, new Uint8Array(length), 1000 * this.#host.time),
    );
  }

  flush(): Task<void> {
    return this.#host.request("disk", "flush", 0, 0, this.#host.disk.flushing());
  }

  *identity(): Task<DiskIdentity> {
    const { inode, changed, cache, stamped } = this.#host.disk;
    yield* this.#host.request("disk", "read", 0, 0, () => {});
    return {
      device: "fake",
      inode: String(inode),
      size: cache.length,
      changed: String(changed),
      stamped,
    };
  }

  // deno-lint-ignore require-yield
  *allocated(at: number, length: number): Task<readonly Extent[]> {
    return [{ at, length }];
  }

  *close(): Task<void> {}
}

class FakeFile implements File {
  readonly #host: FakeHost;
  readonly #name: string;
  readonly #store: Store;
  #locked = false;

  constructor(host: FakeHost, name: string, store: Store) {
    this.#host = host;
    this.#name = name;
    this.#store = store;
  }

  get size(): number {
    return this.#store.cache.length;
  }

  read(at: number, length: number): Task<Uint8Array> {
    const land = () => this.#store.cache.slice(at, at + length);
    return this.#host.request(this.#name, "read", at, length, land);
  }

  write(at: number, data: Uint8Array): Task<void> {
    const land = () => this.#store.put(at, data, 1000 * this.#host.time);
    return this.#host.request(this.#name, "write", at, data.length, land);
  }

  truncate(size: number): Task<void> {
    return this.#host.request(this.#name, "truncate", size, 0, () => this.#store.resize(size));
  }

  allocate(size: number): Task<void> {
    return this.#host.request(this.#name, "allocate", size, 0, () => {
      if (this.#store.cache.length < size) this.#store.resize(size);
    });
  }

  flush(): Task<void> {
    return this.#host.request(this.#name, "flush", 0, 0, this.#store.flushing());
  }

  // deno-lint-ignore require-yield
  *lastChange(): Task<FileChange> {
    return { device: this.#host.logDevice, changed: String(this.#store.changed) };
  }

  // deno-lint-ignore require-yield
  *lock(): Task<void> {
    if (this.#store.locked) throw localFailure("locked", `"${this.#name}" is in use`, "Try again");
    this.#store.locked = true;
    this.#locked = true;
  }

  // deno-lint-ignore require-yield
  *close(): Task<void> {
    if (this.#locked) this.#store.locked = false;
  }
}

/** A folder of files, all folders of a host sharing one table of names. */
export class FakeFolder implements Folder {
  readonly path: string;
  readonly #host: FakeHost;

  constructor(host: FakeHost, path: string) {
    this.#host = host;
    this.path = path;
  }

  // deno-lint-ignore require-yield
  *list(): Task<readonly string[]> {
    const names: string[] = [];
    for (const name of this.#host.names.keys()) {
      if (name.startsWith(this.path)) names.push(name.slice(this.path.length));
    }
    return names.sort();
  }

  *open(
    name: string,
    options: { readonly create?: boolean; readonly truncate?: boolean } = {},
  ): Task<File> {
    const full = this.path + name;
    return yield* this.#host.request(full, "open", 0, 0, () => {
      let store = this.#host.names.get(full);
      if (store === undefined && options.create !== true) {
        throw localFailure("not-found", `No "${full}"`, "Try again");
      }
      if (store === undefined) this.#host.names.set(full, store = new Store(this.#host.inode()));
      if (options.truncate === true) store.resize(0);
      return new FakeFile(this.#host, full, store);
    });
  }

  rename(from: string, to: string): Task<void> {
    return this.#host.request(this.path + from, "rename", 0, 0, () => {
      const store = this.#host.names.get(this.path + from) as Store;
      this.#host.names.delete(this.path + from);
      this.#host.names.set(this.path + to, store);
    });
  }

  remove(name: string): Task<void> {
    return this.#host.request(this.path + name, "remove", 0, 0, () => {
      this.#host.names.delete(this.path + name);
    });
  }

  flush(): Task<void> {
    const names = new Map(this.#host.names);
    return this.#host.request(this.path, "flush", 0, 0, () => {
      for (const name of [...this.#host.durableNames.keys()]) {
        if (name.startsWith(this.path)) this.#host.durableNames.delete(name);
      }
      for (const [name, store] of names) {
        if (name.startsWith(this.path)) this.#host.durableNames.set(name, store);
      }
    });
  }

  // deno-lint-ignore require-yield
  *folder(): Task<Folder> {
    return this;
  }

  // deno-lint-ignore require-yield
  *createDisk(): Task<Disk> {
    throw new Error("Not here");
  }

  // deno-lint-ignore require-yield
  *openDisk(): Task<Disk> {
    throw new Error("Not here");
  }

  // deno-lint-ignore require-yield
  *free(): Task<number> {
    return 1 << 30;
  }
}
