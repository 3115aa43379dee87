/**
 * How administrators bring first copies to the replica otherwise than over the network: at a time, from a copy that
 * is there, on media that are carried from host to host and may be damaged on the way (M24 to M26).
 *
 * Rule: once nothing goes wrong any more everything goes over the network, for who waits for media converges late.
 *
 * @module
 */

import type { Json, JsonObject } from "../../core/base/json.ts";
import { MILLISECOND } from "../../core/base/units.ts";
import { INCOMPLETE_NAME } from "../../core/history/package_format.ts";
import { SECTOR_SIZE } from "../sectors.ts";
import { markUnits } from "../storage_io.ts";
import { FileNode } from "../volume.ts";
import { damage, type Medium, mediumOf } from "./media.ts";
import type { GuestHost } from "../guests/guest.ts";
import type { Drill } from "./drill.ts";
import { type MachineRun, primaryOf, replicaOf } from "./machine_run.ts";
import type { Site } from "./site.ts";

/** What is asked of the primary's server next. */
export interface Asked {
  readonly verb: string;
  readonly args: JsonObject;
}

/** Asks a server for a verb; `then` is told the failure's code, "" for success. */
export type AskServer = (
  site: Site,
  machine: MachineRun,
  verb: string,
  args: JsonObject,
  then: (code: string) => void,
) => void;

/** How often an import is tried before everything goes over the network. */
const TRIES_MAX = 12;
/** How often it is looked whether an import has written something, and how long between two looks, µs. */
const LOOKS_MAX = 2000;
const LOOK_EVERY = 200;
/** How long a host is down that crashed amid an import, µs. */
const STUMBLE_DOWN = 300 * MILLISECOND;

/** The ways of all machines. */
export class FirstCopies {
  readonly #drill: Drill;
  readonly #ask: AskServer;

  constructor(drill: Drill, ask: AskServer) {
    this.#drill = drill;
    this.#ask = ask;
  }

  get #quiet(): boolean {
    return this.#drill.faults.quietFor >= 0;
  }

  /** Starts the first copy of a machine in its way. */
  start(machine: MachineRun, server: GuestHost["server"]): Asked | undefined {
    const { first, guest: { vm } } = machine;
    const now = { verb: "replication start", args: { vm } };
    if (this.#quiet || primaryOf(server, vm)?.state !== "ReadyForInitialReplication") return now;
    switch (first.way) {
      case "network":
        return now;
      case "scheduled":
        return this.#putOff(machine, server, first.after) ?? undefined;
      case "existing-copy":
        return this.#fromCopy(machine, first.stale);
      case "media":
        return this.#export(machine);
    }
  }

  #putOff(machine: MachineRun, { primary, ports }: GuestHost["server"], after: number) {
    const { vm } = machine.guest;
    const wall = ports.clock.wall();
    const at = primary.entry(vm).machine.plan?.at;
    // A clock that was set back would have everybody wait for days.
    if (at !== undefined) {
      return at - wall > after ? { verb: "replication start", args: { vm } } : undefined;
    }
    this.#drill.probe("seed/put-off");
    return { verb: "replication start", args: { vm, at: wall + after } };
  }

  /** Names a copy at the replica first; one that is not quite what the machine is. */
  #fromCopy(machine: MachineRun, stale: number): Asked | undefined {
    const { vm } = machine.guest;
    const { b } = this.#drill.sites;
    const there = b.current?.server;
    if (there === undefined || b.host.process === undefined) return undefined;
    if (there.replica.awaits(vm)) {
      this.#drill.probe("seed/from-existing-copy");
      return { verb: "replication start", args: { vm, existingCopy: true } };
    }
    // There is a replica of it from before.
    if (there.replica.has(vm)) return { verb: "replication start", args: { vm } };
    const disks = machine.spec.disks.map((_, disk) => this.#makeCopy(machine, disk, stale));
    this.#ask(b, machine, "replication enable", { vm, asReplica: true, disks }, () => {});
    return undefined;
  }

  /** Copies of a machine's disks under the names that somebody gave them, in their order. */
  makeCopies(machine: MachineRun, names: Json): void {
    for (const [disk, name] of Array.isArray(names) ? names.entries() : []) {
      const there = this.#drill.sites.b.host.disks.has(String(name));
      if (!there && disk < machine.spec.disks.length) {
        this.#makeCopy(machine, disk, 0, String(name));
      }
    }
  }

  /** A file at the replica that holds the disk as it is, but for some sectors. */
  #makeCopy(
    machine: MachineRun,
    disk: number,
    stale: number,
    name = `copy-${machine.copies++}-${machine.device(disk)}`,
  ): string {
    const { b } = this.#drill.sites;
    const content = this.#drill.contents(machine, disk).slice();
    for (let sector = 0; sector < content.length / SECTOR_SIZE; sector++) {
      if ((Math.imul(sector, 2654435761) >>> 0) % 1000 >= stale) continue;
      content.fill(0xa5, sector * SECTOR_SIZE, (sector + 1) * SECTOR_SIZE);
    }
    const { node } = b.host.addDisk(name, {
      size: content.length,
      storage: this.#drill.world.storage.b,
    });
    node.sectors.write(0, content);
    node.sectors.persist(node.sectors.mark());
    markUnits(node, 0, content.length, true);
    return name;
  }

  #export(machine: MachineRun): Asked {
    const { vm } = machine.guest;
    const name = `media-${machine.copies++}-${vm}`;
    this.#drill.sites.a.host.addPlace(name);
    machine.medium = mediumOf(name);
    return { verb: "replication start", args: { vm, export: `/${name}` } };
  }

  /** While a first copy is on its way: what the administrators do meanwhile. */
  during(machine: MachineRun, server: GuestHost["server"]): Asked | undefined {
    const { vm } = machine.guest;
    const real = primaryOf(server, vm);
    if (real?.state === "WaitingForInitialReplication") {
      if (this.#quiet || machine.medium === undefined) return this.#giveUp(machine);
      machine.medium.folder = real.plan?.exported?.folder;
      return this.#bring(machine, machine.medium);
    }
    const there = this.#drill.sites.b.current?.server;
    const lost = real?.plan?.method === "existing-copy" && there !== undefined &&
      !there.replica.has(vm) && !there.replica.awaits(vm);
    if (!lost) return undefined;
    // The copy burned: everything goes over the network in its place.
    machine.first = { way: "network" };
    return { verb: "replication stop", args: { vm } };
  }

  /**
   * What is done in place of resuming an export that found a complete package in its folder which its log, lost
   * meanwhile, knows nothing of: nobody can import that one, and everything goes over the network.
   */
  insteadOf(machine: MachineRun, server: GuestHost["server"]): Asked | undefined {
    const real = primaryOf(server, machine.guest.vm);
    const inTheWay = real?.because?.code === "exists" && real.because.side === "local";
    return inTheWay && real.plan?.method === "export" ? this.#giveUp(machine) : undefined;
  }

  #giveUp(machine: MachineRun): Asked {
    machine.medium = undefined;
    machine.first = { way: "network" };
    return { verb: "replication start", args: { vm: machine.guest.vm } };
  }

  #bring(machine: MachineRun, medium: Medium): Asked | undefined {
    if (medium.tries > TRIES_MAX) return this.#giveUp(machine);
    if (medium.where === "a") this.#carry(machine, medium);
    if (medium.where === "b") this.#import(machine, medium);
    return undefined;
  }

  /** The medium is carried to the replica, and may be damaged on the way. */
  #carry(machine: MachineRun, medium: Medium): void {
    const { first } = machine;
    if (first.way !== "media") return;
    medium.where = "way";
    this.#drill.simulated.schedule(first.delay, () => {
      const { a, b } = this.#drill.sites;
      if (!a.host.places.has(medium.name)) return;
      const place = a.host.takePlace(medium.name);
      b.host.bringPlace(medium.name, place);
      medium.where = "b";
      this.#drill.probe("media/carried");
      const [folder] = place.entries.values();
      if (folder === undefined || folder instanceof FileNode) return;
      // A loss of power behind the manifest may have brought the mark of the making back: it is no part of the package.
      const parts = [...folder.entries].filter(([file]) => file !== INCOMPLETE_NAME);
      const files = parts.flatMap(([, entry]) => entry instanceof FileNode ? entry : []);
      const node = files[first.pick % files.length];
      if (node !== undefined) medium.repair = damage(node, first);
    });
  }

  #import(machine: MachineRun, medium: Medium): void {
    const { vm } = machine.guest;
    const { b } = this.#drill.sites;
    const server = b.current?.server;
    const replica = server === undefined ? undefined : replicaOf(server, vm);
    if (replica?.state !== "WaitingForInitialReplication" || medium.folder === undefined) return;
    const before = `${replica.store.seed} ${replica.store.points.length}`;
    const damaged = medium.repair !== undefined;
    const path = medium.folder;
    this.#ask(b, machine, "replication import", { path }, (outcome) => {
      medium.tries++;
      const after = `${replica.store.seed} ${replica.store.points.length}`;
      this.#drill.tell({ kind: "imported", vm, damaged, outcome, changed: before !== after });
      if (outcome === "") this.#drill.probe("media/imported");
      if (outcome !== "damaged" || !damaged) return;
      this.#drill.probe("media/damage-refused");
      medium.repair?.();
      medium.repair = undefined;
    });
    this.#stumble(machine, medium, LOOKS_MAX);
  }

  /** Waits for an import that has written something, and crashes the replica's host in the middle of it. */
  #stumble(machine: MachineRun, medium: Medium, looks: number): void {
    const { first, guest: { vm } } = machine;
    if (first.way !== "media" || first.stumble === undefined) return;
    if (medium.stumbled || this.#quiet || looks === 0) return;
    const { b } = this.#drill.sites;
    const server = b.host.process === undefined ? undefined : b.current?.server;
    const replica = server === undefined ? undefined : replicaOf(server, vm);
    if (replica?.importing === undefined || (replica.record.media?.import?.parts ?? 0) === 0) {
      const again = () => this.#stumble(machine, medium, looks - 1);
      this.#drill.simulated.schedule(LOOK_EVERY, again);
      return;
    }
    medium.stumbled = true;
    b.down = STUMBLE_DOWN;
    if (first.stumble === "kill") b.host.kill();
    else b.host.powerLoss();
  }
}
