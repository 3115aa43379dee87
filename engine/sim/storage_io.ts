/**
 * Reading, writing and flushing the contents of a node, as a process does it: with latency, overlap
 * of requests, faults, and what becomes of them when the process dies.
 *
 * Rule: two requests on the same bytes at the same time give either order, sector by sector; a
 * write lands when it returns, or sooner where something else touches it.
 *
 * @module
 */
// Long because: requests, their overlap and their faults are one model.

import { localFailure } from "../core/base/failure.ts";
import type { Task } from "../core/runtime/task.ts";
import type { Job, SimProcess } from "./process.ts";
import { SECTOR_SIZE } from "./sectors.ts";
import { EVENT, type EventKind, hashBytes } from "./trace.ts";
import { type FileNode, hits, ioError, latentSector, UNIT_SIZE } from "./volume.ts";

/** A read in the kernel. */
class ReadJob implements Job<Uint8Array> {
  readonly kind = EVENT.read;
  readonly at: number;
  readonly length: number;
  readonly payload: number;
  readonly delay: number;
  readonly #io: StorageIo;

  constructor(io: StorageIo, at: number, length: number) {
    this.#io = io;
    this.at = at;
    this.length = length;
    this.payload = at + length;
    this.delay = io.node.volume.readTime(length);
  }

  stalledUntil(): number {
    return this.#io.node.volume.faults.stalledUntil;
  }

  enter(): void {
    this.#io.inFlight++;
  }

  leave(): void {
    this.#io.inFlight--;
  }

  perform(): Uint8Array {
    return this.#io.performRead(this.at, this.length);
  }
}

/** Bytes, or zeros, and where they go. */
interface Piece {
  readonly at: number;
  readonly length: number;
  readonly data: Uint8Array | undefined;
}

/** A write or zero in the kernel: who overlaps with it may see parts of it. */
class WriteJob implements Job<void> {
  readonly binding = true;
  readonly kind: EventKind;
  readonly payload: number;
  readonly delay: number;
  readonly at: number;
  readonly length: number;
  readonly data: Uint8Array | undefined;
  /** Sectors that landed already, where any did. */
  landed: Set<number> | undefined;
  readonly #io: StorageIo;

  constructor(io: StorageIo, at: number, data: Uint8Array | number) {
    this.#io = io;
    this.at = at;
    this.data = typeof data === "number" ? undefined : data;
    this.length = typeof data === "number" ? data : data.length;
    this.kind = this.data === undefined ? EVENT.zero : EVENT.write;
    this.payload = at ^ (this.data === undefined ? this.length : hashBytes(this.data));
    this.delay = io.node.volume.writeTime(this.data === undefined ? 0 : this.length);
  }

  stalledUntil(): number {
    return this.#io.node.volume.faults.stalledUntil;
  }

  enter(): void {
    this.#io.inFlight++;
    this.#io.landings.push(this);
  }

  leave(): void {
    const { landings } = this.#io;
    this.#io.inFlight--;
    if (landings.length === 1) landings.pop();
    else landings.splice(landings.indexOf(this), 1);
  }

  perform(): void {
    this.#io.performWrite(this);
  }

  abandon(torn: boolean): void {
    this.#io.abandonWrite(this, torn);
  }
}

/** A flush in the kernel: of contents and length, or with them of the time of the last change. */
class FlushJob implements Job<void> {
  readonly binding = true;
  readonly kind = EVENT.flush;
  readonly delay: number;
  readonly #io: StorageIo;
  readonly #whole: boolean;
  #mark = 0;
  #changed = 0;

  constructor(io: StorageIo, whole: boolean) {
    this.#io = io;
    this.#whole = whole;
    this.delay = io.node.volume.flushTime();
  }

  stalledUntil(): number {
    return this.#io.node.volume.faults.stalledUntil;
  }

  enter(): void {
    const { node } = this.#io;
    this.#io.inFlight++;
    this.#mark = node.sectors.mark();
    this.#changed = node.changed;
  }

  leave(): void {
    this.#io.inFlight--;
  }

  perform(): void {
    const { node, name } = this.#io;
    const { volume } = node;
    volume.check("flush", name);
    const { failFlushes, flushErrorRate } = volume.faults;
    if (hits(volume.faults, "failFlushes", failFlushes, flushErrorRate, volume.random)) {
      node.sectors.failFlush(this.#mark, volume.random);
      const why = "it failed; what was written since the last flush may be lost";
      throw ioError(`flush ${name}`, why);
    }
    node.sectors.persist(this.#mark);
    if (this.#whole) node.durableChanged = this.#changed;
  }
}

/** All requests of one handle on one node. */
export class StorageIo {
  /** What it is about. */
  readonly node: FileNode;
  /** For messages. */
  readonly name: string;
  /** Writes in the kernel, for the jobs of this file. */
  readonly landings: WriteJob[] = [];
  /** Requests in the kernel. */
  inFlight = 0;
  readonly #process: SimProcess;

  /** `name` is for messages. */
  constructor(process: SimProcess, node: FileNode, name: string) {
    this.#process = process;
    this.node = node;
    this.name = name;
  }

  /** Reads; shorter at the end of the contents. */
  read(at: number, length: number): Task<Uint8Array> {
    return this.#process.call<Uint8Array>(new ReadJob(this, at, length));
  }

  /** Writes `data`; zeros when it is a length. */
  write(at: number, data: Uint8Array | number): Task<void> {
    return this.#process.call<void>(new WriteJob(this, at, data));
  }

  /** Makes contents and length durable that are in the kernel when it begins. */
  flush(): Task<void> {
    return this.#process.call<void>(new FlushJob(this, false));
  }

  /** Makes all of it durable, the time of the last change too. */
  sync(): Task<void> {
    return this.#process.call<void>(new FlushJob(this, true));
  }

  /** For the job: reads at this moment. */
  performRead(at: number, length: number): Uint8Array {
    const { node } = this;
    const { volume } = node;
    const { faults, random } = volume;
    volume.check("read", this.name);
    this.#checkShrunk(at, length);
    if (hits(faults, "failReads", faults.failReads, faults.readErrorRate, random)) {
      throw ioError(`read ${length} bytes at ${at} of ${this.name}`, "it failed");
    }
    const bad = latentSector(node, at, length);
    if (bad !== undefined) {
      throw localFailure(
        "latent-sector",
        `Cannot read ${this.name}: unreadable at ${bad}`,
        "Replace the disk, or write the sector again",
      );
    }
    this.#mix(at, length);
    if (random.chance(faults.misdirectedReadRate)) {
      const elsewhere = this.#elsewhere(at, length);
      return node.sectors.read(elsewhere, length);
    }
    return node.sectors.read(at, length);
  }

  /** For the job: writes at this moment. */
  performWrite(landing: WriteJob): void {
    const node = this.node;
    const { volume } = node;
    const { faults, random } = volume;
    const { at, length } = landing;
    volume.checkWritable("write", this.name);
    this.#checkShrunk(at, length);
    this.#room(landing);
    if (hits(faults, "failWrites", faults.failWrites, faults.writeErrorRate, random)) {
      this.#landSome(landing);
      throw ioError(`write ${length} bytes at ${at} of ${this.name}`, "it failed");
    }
    if (hits(faults, "phantomWrites", faults.phantomWrites, faults.phantomWriteRate, random)) {
      return;
    }
    const { misdirectedWrites, misdirectedWriteRate } = faults;
    if (hits(faults, "misdirectedWrites", misdirectedWrites, misdirectedWriteRate, random)) {
      const place = this.#elsewhere(at, length);
      this.#put({ at: place, length, data: landing.data }, place, length);
      return;
    }
    this.#mix(at, length);
    this.#land(landing);
  }

  /** Puts a write where it belongs, but for the sectors that landed before and were written over. */
  #land(landing: WriteJob): void {
    if (landing.landed === undefined) this.#put(landing, landing.at, landing.length);
    else {
      const end = landing.at + landing.length;
      for (let at = landing.at; at < end;) {
        const next = Math.min(end, (Math.floor(at / SECTOR_SIZE) + 1) * SECTOR_SIZE);
        const sector = Math.floor(at / SECTOR_SIZE);
        if (!landing.landed.has(sector)) this.#put(landing, at, next - at);
        at = next;
      }
    }
  }

  #put(landing: Piece, at: number, length: number): void {
    const node = this.node;
    const { sectors } = node;
    if (length === 0) return;
    if (landing.data === undefined) sectors.zero(at, length);
    else if (length === landing.length) sectors.write(at, landing.data);
    else sectors.write(at, landing.data.subarray(at - landing.at, at - landing.at + length));
    node.changed = this.#process.host.wall();
    if (node.latent.size > 0) this.#healLatent(at, length);
    if (node.sparse) markUnits(node, at, length, landing.data !== undefined);
    node.volume.charge(node);
  }

  /** Fails with `no-space`, some beginning of a file's write done, when it does not fit. */
  #room(landing: WriteJob): void {
    const node = this.node;
    const { volume } = node;
    try {
      volume.room(spaceNeeded(node, landing.at, landing.length, landing.data));
    } catch (error) {
      const end = node.charged + Math.floor(volume.free / UNIT_SIZE) * UNIT_SIZE;
      const fits = Math.min(landing.length, end - landing.at);
      if (!node.sparse && fits > 0 && volume.random.flip()) this.#put(landing, landing.at, fits);
      throw error;
    }
  }

  /** Writing a whole sector makes it readable again: the disk gives it another place. */
  #healLatent(at: number, length: number): void {
    const end = Math.floor((at + length) / SECTOR_SIZE);
    for (let sector = Math.ceil(at / SECTOR_SIZE); sector < end; sector++) {
      this.node.latent.delete(sector);
    }
  }

  /** Sectors of other writes in flight that touch `[at, at + length)` may land at this moment. */
  #mix(at: number, length: number): void {
    if (this.landings.length === 0) return;
    const { random } = this.node.volume;
    for (const other of this.landings) {
      const start = Math.max(at, other.at);
      const end = Math.min(at + length, other.at + other.length);
      if (start >= end || end > this.node.sectors.length) continue;
      for (let sector = Math.floor(start / SECTOR_SIZE); sector * SECTOR_SIZE < end; sector++) {
        if (other.landed?.has(sector) === true || !random.flip()) continue;
        const from = Math.max(other.at, sector * SECTOR_SIZE);
        const to = Math.min(other.at + other.length, (sector + 1) * SECTOR_SIZE);
        this.#put(other, from, to - from);
        other.landed ??= new Set();
        other.landed.add(sector);
      }
    }
  }

  /** Some sectors of a write land, the others do not. */
  #landSome(landing: WriteJob): void {
    const { random } = this.node.volume;
    const end = landing.at + landing.length;
    for (let at = landing.at; at < end;) {
      const next = Math.min(end, (Math.floor(at / SECTOR_SIZE) + 1) * SECTOR_SIZE);
      if (random.flip()) this.#put(landing, at, next - at);
      at = next;
    }
  }

  /** The process died: a write that the kernel had may be done, not done, or done up to a page. */
  abandonWrite(landing: WriteJob, torn: boolean): void {
    const { volume } = this.node;
    const { random, faults } = volume;
    const choice = torn ? 3 : random.below(3);
    if (choice === 0 || faults.vanished || faults.readOnly) return;
    try {
      this.#checkShrunk(landing.at, landing.length);
      volume.room(spaceNeeded(this.node, landing.at, landing.length, landing.data));
    } catch {
      return;
    }
    if (choice === 1) this.#land(landing);
    else if (choice === 3) this.#landSome(landing);
    else {
      const pages = Math.ceil(landing.length / UNIT_SIZE);
      const kept = Math.min(landing.length, random.below(pages + 1) * UNIT_SIZE);
      this.#put(landing, landing.at, kept);
    }
  }

  /** Another aligned place of the same length inside the contents. */
  #elsewhere(at: number, length: number): number {
    const unit = length % UNIT_SIZE === 0 ? UNIT_SIZE : SECTOR_SIZE;
    const places = Math.floor((this.node.sectors.length - length) / unit) + 1;
    return places < 1 ? at : this.node.volume.random.below(places) * unit;
  }

  #checkShrunk(at: number, length: number): void {
    const { faults } = this.node.volume;
    if (faults.shrunkTo < 0 || at + length <= faults.shrunkTo) return;
    throw localFailure(
      "disk-changed-size",
      `${this.name} ends at ${faults.shrunkTo} and had ${this.node.sectors.length} bytes`,
      "Give the disk its size back",
    );
  }
}

/** Space that a write needs beyond what its node has, bytes. */
function spaceNeeded(
  node: FileNode,
  at: number,
  length: number,
  data: Uint8Array | undefined,
): number {
  if (!node.sparse) {
    const reach = Math.max(node.sectors.length, at + length);
    return Math.max(0, Math.ceil(reach / UNIT_SIZE) * UNIT_SIZE - node.charged);
  }
  if (data === undefined) return 0;
  let missing = 0;
  const end = Math.ceil((at + length) / UNIT_SIZE);
  for (let unit = Math.floor(at / UNIT_SIZE); unit < end; unit++) {
    if (node.units[unit] === 0) missing++;
  }
  return missing * UNIT_SIZE;
}

/** Marks the units under a range as holding something, or, where whole and zeroed, as empty. */
/** Marks what a write or a zeroing gave or took of a sparse disk's space. */
export function markUnits(node: FileNode, at: number, length: number, data: boolean): void {
  const end = at + length;
  const atEnd = end === node.sectors.length;
  const first = data ? Math.floor(at / UNIT_SIZE) : Math.ceil(at / UNIT_SIZE);
  const last = data || atEnd ? Math.ceil(end / UNIT_SIZE) : Math.floor(end / UNIT_SIZE);
  const value = data ? 1 : 0;
  for (let unit = first; unit < last; unit++) {
    if (node.units[unit] === value) continue;
    node.units[unit] = value;
    node.taken += data ? 1 : -1;
  }
}
