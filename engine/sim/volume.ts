/**
 * A volume: one device under files or one guest's disk, with its speed, its space and its faults.
 *
 * Rule: faults are plain fields that fault code sets; a volume decides by its own stream which
 * operation they hit. This file knows no names and no processes.
 *
 * @module
 */

import { Failed, localFailure } from "../core/base/failure.ts";
import type { Prng } from "./prng.ts";
import { SECTOR_SIZE, Sectors } from "./sectors.ts";
import type { Actor, SimWorld } from "./world.ts";

/** How fast a device is. Times in µs, bandwidth in bytes a second (0: without bound). */
export interface StorageSpeed {
  /** Least time of a read. */
  readonly readMin: number;
  /** Mean of what a read takes on top. */
  readonly readMean: number;
  /** Least time of a write. */
  readonly writeMin: number;
  /** Mean of what a write takes on top. */
  readonly writeMean: number;
  /** Least time of a flush, of a file or of a folder. */
  readonly flushMin: number;
  /** Mean of what a flush takes on top. */
  readonly flushMean: number;
  /** Reading and writing. */
  readonly bandwidth: number;
}

/** A solid-state disk behind a page cache. */
export const USUAL_STORAGE: StorageSpeed = {
  readMin: 20,
  readMean: 60,
  writeMin: 10,
  writeMean: 30,
  flushMin: 300,
  flushMean: 700,
  bandwidth: 1_000_000_000,
};

/** What is wrong with a device. All off at first; rates in millionths of operations. */
export class StorageFaults {
  /** Reads that fail with `io-error`. */
  readErrorRate = 0;
  /** Writes that fail with `io-error`, some part of them done. */
  writeErrorRate = 0;
  /** Flushes that fail, after which a later one succeeds and saves nothing of what they covered. */
  flushErrorRate = 0;
  /** Writes that say that they are done and never were. */
  phantomWriteRate = 0;
  /** Writes that land elsewhere, on a block boundary. */
  misdirectedWriteRate = 0;
  /** Reads that return another place's bytes. */
  misdirectedReadRate = 0;
  /** The next so many reads fail. */
  failReads = 0;
  /** The next so many writes fail. */
  failWrites = 0;
  /** The next so many flushes fail. */
  failFlushes = 0;
  /** The next so many writes are phantoms. */
  phantomWrites = 0;
  /** The next so many writes land elsewhere. */
  misdirectedWrites = 0;
  /** Nothing can be written. */
  readOnly = false;
  /** Every operation fails. */
  vanished = false;
  /** No more space for anything, however much is free. */
  full = false;
  /** The device ends here, in bytes, whatever it said before; -1: it does not. */
  shrunkTo = -1;
  /** Every operation takes so many times as long. */
  slowdown = 1;
  /** No operation ends before this world time, µs. */
  stalledUntil = 0;

  /** Everything is well again. Latent sectors and damage stay. */
  heal(): void {
    Object.assign(this, new StorageFaults());
  }
}

/** Unit in which space is given, bytes. */
export const UNIT_SIZE = 4096;

/** One file or disk on a volume: contents that outlive every process. */
export class FileNode {
  /** Like an inode number: never used again on this volume. */
  readonly inode: number;
  /** The contents. */
  readonly sectors: Sectors;
  /** Where it lies. */
  readonly volume: Volume;
  /** A disk: sparse, and never cut. */
  readonly sparse: boolean;
  /** Latent errors: sector number to true where it stays, false where the next read heals it. */
  readonly latent = new Map<number, boolean>();
  /** Time of the last change as the host's wall clock had it, µs. */
  changed: number;
  /** The same, as it would be after a loss of power. */
  durableChanged: number;
  /** Space taken beforehand, bytes. */
  reserved = 0;
  /** The handle that holds the exclusive lock. */
  lockedBy: object | undefined;
  /** Names in folders that lead here, as the kernel shows them. */
  links = 0;
  /** Handles. */
  handles = 0;
  /** Space counted on the volume, bytes. */
  charged = 0;
  /** Which units of a sparse disk hold something. */
  units: Uint8Array;
  /** How many of them. */
  taken = 0;

  constructor(volume: Volume, size: number, sparse: boolean, changed: number) {
    this.volume = volume;
    this.inode = volume.nextInode++;
    this.sectors = new Sectors(size);
    this.sparse = sparse;
    this.changed = changed;
    this.durableChanged = changed;
    this.units = new Uint8Array(sparse ? Math.ceil(size / UNIT_SIZE) : 0);
  }

  /** Space it takes, bytes. */
  get space(): number {
    if (!this.sparse) {
      return Math.ceil(Math.max(this.sectors.length, this.reserved) / UNIT_SIZE) * UNIT_SIZE;
    }
    return this.taken * UNIT_SIZE;
  }

  /** Power is lost: contents and stamp become one of those that may have reached the medium. */
  losePower(random: Prng): void {
    if (random.flip()) this.changed = this.durableChanged;
    this.durableChanged = this.changed;
    this.sectors.losePower(random);
    this.lockedBy = undefined;
    this.handles = 0;
    // A length that was not durable is the one before.
    const left = Math.ceil(this.sectors.length / UNIT_SIZE);
    if (this.sparse && left < this.units.length) {
      for (let unit = left; unit < this.units.length; unit++) this.taken -= this.units[unit] ?? 0;
      this.units = this.units.slice(0, left);
    }
    for (let unit = 0; unit < this.units.length; unit++) {
      if (this.units[unit] === 1 || this.sectors.zeros(unit * UNIT_SIZE, UNIT_SIZE)) continue;
      this.units[unit] = 1;
      this.taken++;
    }
  }

  /** A disk becomes `size` bytes long; what is new takes no space and reads as zeros. */
  grow(size: number, changed: number): void {
    const units = new Uint8Array(Math.ceil(size / UNIT_SIZE));
    units.set(this.units);
    this.units = units;
    this.sectors.truncate(size);
    this.changed = changed;
  }

  /** Flips a bit at byte `at`, on the medium and in the kernel's cache, unseen by anybody. */
  rot(at: number, bit: number): void {
    const byte = this.sectors.read(at, 1);
    if (byte.length === 0) return;
    byte[0] = (byte[0] as number) ^ (1 << (bit & 7));
    this.sectors.damage(at, byte);
  }
}

/** A device. */
export class Volume {
  /** A stable id, different on every volume of a world. */
  readonly id: string;
  /** The world it is in. */
  readonly world: SimWorld;
  /** To whom its operations happen, for the trace. */
  readonly actor: Actor;
  /** What decides speed and faults. */
  readonly random: Prng;
  /** What is wrong with it. */
  readonly faults = new StorageFaults();
  /** How fast it is. */
  speed: StorageSpeed;
  /** Bytes that fit. */
  capacity: number;
  /** Bytes taken. */
  used = 0;
  /** The next inode number. */
  nextInode = 11;

  constructor(world: SimWorld, id: string, capacity: number, speed: StorageSpeed) {
    this.world = world;
    this.id = id;
    this.actor = world.actor(`volume/${id}`);
    this.random = world.stream(`volume/${id}`);
    this.capacity = capacity;
    this.speed = speed;
  }

  /** How long a read of `bytes` takes, µs. */
  readTime(bytes: number): number {
    return this.#time(this.speed.readMin, this.speed.readMean, bytes);
  }

  /** How long a write of `bytes` takes, µs. */
  writeTime(bytes: number): number {
    return this.#time(this.speed.writeMin, this.speed.writeMean, bytes);
  }

  /** How long a flush takes, µs. */
  flushTime(): number {
    return this.#time(this.speed.flushMin, this.speed.flushMean, 0);
  }

  #time(least: number, mean: number, bytes: number): number {
    const { bandwidth } = this.speed;
    const moving = bandwidth === 0 ? 0 : Math.floor((bytes * 1_000_000) / bandwidth);
    return (least + this.random.exponential(mean) + moving) * this.faults.slowdown;
  }

  /** Fails when the device is gone: `verb` and `name` say what was tried. */
  check(verb: string, name: string): void {
    if (this.faults.vanished) throw ioError(`${verb} ${name}`, "the device is gone");
  }

  /** Fails when nothing can be written. */
  checkWritable(verb: string, name: string): void {
    this.check(verb, name);
    if (this.faults.readOnly) {
      throw localFailure(
        "read-only",
        `Cannot ${verb} ${name}: the file system is read-only`,
        "Find out why it was mounted read-only",
      );
    }
  }

  /** Fails with `no-space` when `bytes` more do not fit. */
  room(bytes: number): void {
    if (bytes > 0 && (this.faults.full || this.used + bytes > this.capacity)) {
      throw localFailure("no-space", `No space left on ${this.id}`, "Free some space");
    }
  }

  /** Bytes that can still be taken. */
  get free(): number {
    return this.faults.full ? 0 : Math.max(0, this.capacity - this.used);
  }

  /** Sets right what `node` is charged for; frees it when nobody can reach it. */
  charge(node: FileNode): void {
    const space = node.links === 0 && node.handles === 0 ? 0 : node.space;
    this.used += space - node.charged;
    node.charged = space;
  }
}

/** An `io-error` while doing `what`. */
export function ioError(what: string, why: string): Failed {
  return localFailure("io-error", `Cannot ${what}: ${why}`, "Check the disk and its cables");
}

/** True when a fault that has a count `left`, or a rate in millionths, hits. Storage that is well looks nothing up. */
export function hits(
  faults: StorageFaults,
  count: "failReads" | "failWrites" | "failFlushes" | "phantomWrites" | "misdirectedWrites",
  left: number,
  rate: number,
  random: Prng,
): boolean {
  if (left > 0) {
    faults[count]--;
    return true;
  }
  return random.chance(rate);
}

/** The first latent sector in `[at, at + length)`, healing it if it is transient. */
export function latentSector(node: FileNode, at: number, length: number): number | undefined {
  if (node.latent.size === 0) return undefined;
  const end = Math.ceil((at + length) / SECTOR_SIZE);
  for (let sector = Math.floor(at / SECTOR_SIZE); sector < end; sector++) {
    const sticky = node.latent.get(sector);
    if (sticky === undefined) continue;
    if (!sticky) node.latent.delete(sector);
    return sector * SECTOR_SIZE;
  }
  return undefined;
}
