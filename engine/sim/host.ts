/**
 * A host: a machine with disks, folders, clocks, and at most one process at a time.
 *
 * Process kill, power loss and total loss are different faults (E3). This file does not know what
 * the process does.
 *
 * @module
 */
// Long because: everything that can befall one machine is told in one place.

import { assert } from "../core/base/assert.ts";
import { DAY, GiB, SECOND, TiB } from "../core/base/units.ts";
import type { Ports } from "../core/ports/ports.ts";
import type { Scope } from "../core/runtime/scope.ts";
import { Signal } from "../core/runtime/signal.ts";
import type { Outcome } from "../core/runtime/loop.ts";
import type { Task } from "../core/runtime/task.ts";
import { WORLD_EPOCH } from "./clock.ts";
import { Directory } from "./directory.ts";
import { HypervisorScript } from "./hypervisor.ts";
import { simPorts } from "./ports.ts";
import type { Prng } from "./prng.ts";
import { SimProcess } from "./process.ts";
import { EVENT, type EventKind } from "./trace.ts";
import { FileNode, type StorageSpeed, USUAL_STORAGE, Volume } from "./volume.ts";
import { UTC, type ZoneSpec } from "./zone.ts";
import { type Actor, type CrashKind, type CrashMoment, type SimWorld } from "./world.ts";

/** How a host is made. */
export interface HostOptions {
  /** Space of the data folder, bytes; 64 GiB by default. */
  readonly dataCapacity?: number;
  /** Space of the folder where the logs of file disks lie, bytes; 64 GiB by default. */
  readonly logsCapacity?: number;
  /** Speed of every volume. */
  readonly storage?: StorageSpeed;
  /** What its wall clock is ahead of the world's, µs. */
  readonly wallOffset?: number;
  /** The zone of its local time; UTC by default. */
  readonly zone?: ZoneSpec;
  /** The name in its certificate; the host's own by default. */
  readonly certificateName?: string;
}

/** How a guest's disk is made. */
export interface GuestDiskOptions {
  /** Bytes. */
  readonly size: number;
  /** A block device, which has no time of change and whose logs lie in the data folder. */
  readonly block?: boolean;
  /** Bytes that it may really take; its size by default. */
  readonly capacity?: number;
  /** Its speed. */
  readonly storage?: StorageSpeed;
}

/** A guest's disk on a host, whoever has it open. */
export interface GuestDevice {
  /** Its name, by which `openGuestDisk` finds it. */
  readonly name: string;
  /** Its contents. */
  readonly node: FileNode;
  /** Its device: speed and faults. */
  readonly volume: Volume;
  /** A block device. */
  readonly block: boolean;
}

/** Where a host's process is to crash, as `SimWorld.crashAt` says. */
export interface CrashPlan {
  readonly call: number;
  readonly when: CrashMoment;
  readonly how: CrashKind;
}

/** A crash at the `left`th call of one kind from now on: there a `CrashPlan` is made of it. */
export interface CrashAmong {
  readonly kind: EventKind;
  readonly left: number;
  readonly when: CrashMoment;
  readonly how: CrashKind;
}

/** What a process does: its main task, given its ports and a scope of its own. */
export type Main = (ports: Ports, scope: Scope) => Task<void>;

/** Off: no power. Destroyed: gone, with all its disks. */
export type HostPower = "on" | "off" | "destroyed";

/** A host. */
export class SimHost {
  readonly world: SimWorld;
  readonly name: string;
  /** To whom its events happen. */
  readonly actor: Actor;
  /** The data folder's volume and root. */
  data: Directory;
  /** The folder beside the file disks: their logs. */
  logs: Directory;
  /** Guests' disks by name. */
  readonly disks = new Map<string, GuestDevice>();
  /**
   * Folders outside the data folder, by the first part of their path (`media` for `/media/...`), each
   * a volume of its own that may be carried to another host (`takePlace`, `bringPlace`).
   */
  readonly places = new Map<string, Directory>();
  /** Machines as the hypervisor here knows them. */
  readonly hypervisor: HypervisorScript;
  /** The name in its certificate. */
  certificateName: string;
  /** The zone of its local time. */
  readonly zone: ZoneSpec;
  /** Port calls of all its processes so far that could have had an effect or taken time. */
  calls = 0;
  /** Where to crash; set by `SimWorld.crashAt`, cleared by any crash. */
  crashPlan: CrashPlan | undefined;
  /** Where to crash, counted in calls of one kind; cleared by any crash. */
  crashAmong: CrashAmong | undefined;
  /** Delay between a completion and the process noticing it, µs: a slow CPU. */
  lag = 0;
  readonly #random: Prng;
  readonly #storage: StorageSpeed;
  readonly #options: HostOptions;
  #wallOffset: number;
  #power: HostPower = "on";
  #paused = 0;
  #process: SimProcess | undefined;
  #ports: Ports | undefined;
  #incarnations = 0;
  #waiting: SimProcess[] = [];
  #held: (() => void)[] = [];
  #volumes = 0;

  /** Made by `SimWorld.addHost` alone. */
  constructor(world: SimWorld, name: string, options: HostOptions) {
    this.world = world;
    this.name = name;
    this.actor = world.actor(`host/${name}`);
    this.certificateName = options.certificateName ?? name;
    this.zone = options.zone ?? UTC;
    this.hypervisor = new HypervisorScript();
    this.#random = world.stream(`host/${name}`);
    this.#options = options;
    this.#storage = options.storage ?? USUAL_STORAGE;
    this.#wallOffset = options.wallOffset ?? 0;
    this.data = this.#root("data", options.dataCapacity ?? 64 * GiB);
    this.logs = this.#root("logs", options.logsCapacity ?? 64 * GiB);
  }

  #root(name: string, capacity: number): Directory {
    const id = `${this.name}/${name}/${this.#volumes++}`;
    const volume = new Volume(this.world, id, capacity, this.#storage);
    return new Directory(volume, `/${this.name}/${name}`);
  }

  /** Whether it has power. */
  get power(): HostPower {
    return this.#power;
  }

  /** True while it stands still. */
  get paused(): boolean {
    return this.#paused > 0;
  }

  /** True when packets reach it. */
  get reachable(): boolean {
    return this.#power === "on";
  }

  /** The process that runs, if one does. */
  get process(): SimProcess | undefined {
    return this.#process;
  }

  /** The ports of the process that runs, if one does. */
  get ports(): Ports | undefined {
    return this.#ports;
  }

  /** Processes started so far. */
  get incarnations(): number {
    return this.#incarnations;
  }

  /** Adds a guest's disk of zeros. */
  addDisk(name: string, options: GuestDiskOptions): GuestDevice {
    assert(!this.disks.has(name), "Every disk of a host has a name of its own");
    const speed = options.storage ?? this.#storage;
    const id = `${this.name}/${name}/${this.#volumes++}`;
    const volume = new Volume(this.world, id, options.capacity ?? TiB, speed);
    const node = new FileNode(volume, options.size, true, this.wall());
    node.links = 1;
    const device = { name, node, volume, block: options.block ?? false };
    this.disks.set(name, device);
    return device;
  }

  /** Adds an empty volume of `capacity` bytes that is reached as `/name`. */
  addPlace(name: string, capacity: number = 64 * GiB): Directory {
    assert(!this.places.has(name), "Every place of a host has a name of its own");
    const id = `${this.name}/place/${name}/${this.#volumes++}`;
    const volume = new Volume(this.world, id, capacity, this.#storage);
    const made = new Directory(volume, `/${name}`);
    this.places.set(name, made);
    return made;
  }

  /** Takes the volume `/name` away, as external media that is carried off; nothing has it open. */
  takePlace(name: string): Directory {
    const found = this.places.get(name);
    assert(found !== undefined, `${this.name} has a place ${name}`);
    this.places.delete(name);
    return found;
  }

  /** Attaches what `takePlace` took from a host, as `/name`. */
  bringPlace(name: string, place: Directory): void {
    assert(!this.places.has(name), "Every place of a host has a name of its own");
    this.places.set(name, place);
  }

  /** µs since 1970 as this host believes. */
  wall(): number {
    return WORLD_EPOCH + this.world.now + this.#wallOffset;
  }

  /** Lets the wall clock jump by `micros`, either way. */
  jumpWall(micros: number): void {
    this.#wallOffset += micros;
    this.#note(EVENT.process, 1);
  }

  /** Starts the process; the host is on and runs none. When `main` returns the process ends. */
  start(main: Main): SimProcess {
    assert(this.#power === "on", "Only a host with power starts a process");
    assert(this.#process === undefined, "A host runs one process at a time");
    const incarnation = ++this.#incarnations;
    const random = this.#random.stream(`process/${incarnation}`);
    const process = new SimProcess(this, incarnation, random.below(30 * DAY));
    const ports = simPorts(process, random.stream("entropy"));
    this.#process = process;
    this.#ports = ports;
    this.#note(EVENT.process, 2);
    process.scope.spawn("main", this.#live(main, process, ports));
    return process;
  }

  /** A process ends when its main task does. */
  *#live(main: Main, process: SimProcess, ports: Ports): Task<void> {
    yield* main(ports, process.scope);
    const end = () => {
      if (process.alive) this.kill();
    };
    this.world.schedule(0, end, this.actor, EVENT.process);
  }

  /** Starts a process that does nothing but wait for tasks of `run`. */
  boot(): SimProcess {
    return this.start(function* () {
      yield* new Signal().wait();
    });
  }

  /**
   * Runs `task` in the process that runs and drives the world until it has ended: for tests and
   * scripts. Fails when the process dies meanwhile or the world comes to rest.
   */
  run<T>(task: Task<T>, limit: number = 3600 * SECOND): T {
    const outcome = this.attempt(task, limit);
    if (outcome === undefined) {
      const found = this.world.violations[0];
      throw new Error(found === undefined ? "The task did not end" : found.message);
    }
    if (outcome.ok) return outcome.value;
    throw outcome.error;
  }

  /** Like `run`; `undefined` when the task did not end, because the process died, for instance. */
  attempt<T>(task: Task<T>, limit: number = 3600 * SECOND): Outcome<T> | undefined {
    const process = this.#process;
    assert(process !== undefined, `A process runs on ${this.name}`);
    const run = process.loop.start("run", task);
    this.world.runWhile(() => run.outcome === undefined && process.alive, limit);
    return run.outcome;
  }

  /** Ends the process where it stands (SIGKILL); what is in the kernel lands, connections break. */
  kill(): void {
    this.#endProcess(false);
    this.crashPlan = undefined;
    this.crashAmong = undefined;
  }

  /** Power is lost; of what was not flushed anything may remain. */
  powerLoss(): void {
    if (this.#power !== "on") return;
    this.#power = "off";
    this.crashPlan = undefined;
    this.crashAmong = undefined;
    this.world.net.silence(this.name);
    this.#endProcess(true);
    this.#paused = 0;
    this.#waiting = [];
    this.#held = [];
    this.hypervisor.losePower();
    this.#note(EVENT.power, 0);
    for (const root of [this.data, this.logs, ...this.places.values()]) {
      root.volume.used = 0;
      root.losePower(root.volume.random);
    }
    for (const { node, volume } of this.disks.values()) {
      node.losePower(volume.random);
      volume.charge(node);
    }
  }

  /** Power is back; nothing runs yet. */
  powerOn(): void {
    if (this.#power !== "off") return;
    this.#power = "on";
    this.#note(EVENT.power, 1);
  }

  /** The site burns: everything on the host is gone for good. */
  destroy(): void {
    if (this.#power === "on") this.powerLoss();
    this.#power = "destroyed";
    this.disks.clear();
    this.places.clear();
    this.data = this.#root("data", this.#options.dataCapacity ?? 64 * GiB);
    this.logs = this.#root("logs", this.#options.logsCapacity ?? 64 * GiB);
    this.#note(EVENT.power, 2);
  }

  /** A new machine of the same name with empty disks takes the place of a destroyed one. */
  replace(): void {
    assert(this.#power === "destroyed", "Only a destroyed host is replaced");
    this.#power = "on";
    this.#note(EVENT.power, 3);
  }

  /** Crashes it, as a crash plan says. */
  crash(how: CrashKind): void {
    if (how === "kill") this.kill();
    else this.powerLoss();
  }

  #endProcess(torn: boolean): void {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    this.#ports = undefined;
    this.#note(EVENT.process, 3);
    process.die(torn);
  }

  /** Stands still: process, timers and packets; for `micros`, or until `resume`. */
  pause(micros?: number): void {
    if (this.#power !== "on") return;
    this.#paused++;
    this.#note(EVENT.process, 4);
    if (micros === undefined) return;
    this.world.schedule(micros, () => this.resume(), this.actor, EVENT.process);
  }

  /** Goes on; of several pauses the last one to end counts. */
  resume(): void {
    if (this.#paused === 0) return;
    this.#paused--;
    if (this.#paused > 0) return;
    this.#note(EVENT.process, 5);
    const waiting = this.#waiting;
    const held = this.#held;
    this.#waiting = [];
    this.#held = [];
    for (const process of waiting) this.world.wake(process);
    for (const arrive of held) arrive();
  }

  /** For the process: it has something to run when the host goes on. */
  drainOnResume(process: SimProcess): void {
    this.#waiting.push(process);
  }

  /** For the network: does `arrive` at this moment, or when the host goes on; never when it is off. */
  receive(arrive: () => void): void {
    if (this.#power !== "on") return;
    if (this.#paused > 0) this.#held.push(arrive);
    else arrive();
  }

  #note(kind: EventKind, payload: number): void {
    this.world.note(kind, this.actor, payload);
  }
}
