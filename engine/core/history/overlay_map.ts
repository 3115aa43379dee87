/**
 * The map of an overlay: which clusters are the base's, which are data, which are zeros.
 *
 * The file `<name>.map` is made of sectors of 512 bytes, numbers little-endian. Sectors 0 and 1 are two
 * copies of the header, written once:
 *
 * | at  | field    | type | meaning                                  |
 * |-----|----------|------|------------------------------------------|
 * |   0 | magic    | u64  | "WSOVERLY"                               |
 * |   8 | version  | u32  | 1                                        |
 * |  12 | disk     | u32  | index of the disk in its machine         |
 * |  16 | size     | u64  | bytes of the disk, and of the base       |
 * |  24 | cluster  | u32  | bytes of a cluster, a power of two       |
 * |  28 | 0        | u32  |                                          |
 * |  32 | instance | u64  | random, repeated in every page           |
 * |  40 | machine  | 16 B |                                          |
 * |  56 | point    | 16 B | the point whose view is the base         |
 * | 504 | checksum | u64  | XXH3-64 of the 504 bytes before          |
 *
 * Page p describes 1920 clusters; its two copies are sectors 2 + 2p and 3 + 2p:
 *
 * | at | field    | type  | meaning                                                           |
 * |----|----------|-------|-------------------------------------------------------------------|
 * |  0 | checksum | u64   | XXH3-64 of the 504 bytes behind                                   |
 * |  8 | sequence | u64   | from 1; the copy with the higher one counts; its parity is the copy |
 * | 16 | instance | u64   | as in the header                                                  |
 * | 24 | page     | u32   | p                                                                 |
 * | 28 | 0        | u32   |                                                                   |
 * | 32 | states   | 480 B | 2 bits a cluster, lowest first: 0 base, 1 data, 2 zero            |
 *
 * Rule (T5): an update goes over the older copy, so a torn write leaves the newer one. A sector of
 * zeros is a copy that was never written. This file does not know what clusters hold.
 *
 * @module
 */
// Long because: one file format, its two kinds of sectors, and the commit that orders them.

import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { type Failed, isFailed, localFailure } from "../base/failure.ts";
import { DISK_SIZE_MAX, DISKS_MAX } from "../base/limits.ts";
import { fromHex, KiB, type MachineId, MiB, type PointId, toHex } from "../base/units.ts";
import { Bitmap } from "../block/bitmap.ts";
import type { Kernel } from "../ports/codec.ts";
import type { File } from "../ports/folder.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Task } from "../runtime/task.ts";

/** What a cluster of an overlay is. */
export type ClusterState = "base" | "data" | "zero";

/** Whose overlay it is, and of what. */
export interface OverlayHeader {
  readonly machine: MachineId;
  /** The point whose view is the base. */
  readonly point: PointId;
  /** Index of the disk in its machine. */
  readonly disk: number;
  /** Bytes of the disk. */
  readonly size: number;
  /** Bytes of a cluster. */
  readonly clusterSize: number;
}

/** Clusters `[start, end)` become `state`. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly state: ClusterState;
}

const MAGIC = 0x594c5245564f5357n;
const VERSION = 1;
const SECTOR = 512;
const CHECKED = 504;
const PAGE_HEAD = 32;
const PAGE_CLUSTERS = 1920;
const STATES: readonly ClusterState[] = ["base", "data", "zero"];
const READ_SECTORS = 2048;

interface Page {
  /** Of the copy that is durable; 0 when none was ever written. */
  sequence: number;
  readonly states: Uint8Array;
}

/** True for a cluster size that an overlay may have. */
export function isClusterSize(size: number): boolean {
  return size >= 4 * KiB && size <= 16 * MiB && (size & (size - 1)) === 0;
}

/** The states of all clusters, on disk and in memory. */
export class OverlayMap {
  readonly header: OverlayHeader;
  /** Pages of which one copy was found torn when the map was opened. */
  tornPages = 0;
  readonly #kernel: Kernel;
  readonly #file: File;
  readonly #instance: bigint;
  readonly #pages = new Map<number, Page>();
  /** The same as the pages, for looking up: clusters in neither are the base's. */
  readonly #isData: Bitmap;
  readonly #isZero: Bitmap;
  readonly #writer = new Mutex();
  #waiting: Mark[] = [];
  #asked = 0;
  #committed = 0;
  #broken: Error | undefined;

  private constructor(kernel: Kernel, file: File, header: OverlayHeader, instance: bigint) {
    this.#kernel = kernel;
    this.#file = file;
    this.header = header;
    this.#instance = instance;
    this.#isData = new Bitmap(this.clusters);
    this.#isZero = new Bitmap(this.clusters);
  }

  /** Writes an empty map into an empty file and flushes it; `instance` is random. */
  static *create(
    kernel: Kernel,
    file: File,
    header: OverlayHeader,
    instance: bigint,
  ): Task<OverlayMap> {
    // A crash before the last flush leaves a map without a sound header, or one without pages; either
    // way nobody has been told of it yet, and whoever makes the overlay again removes it first.
    yield* file.truncate(mapSize(header));
    yield* file.allocate(mapSize(header));
    const sector = encodeHeader(kernel, header, instance);
    yield* file.write(0, sector);
    yield* file.write(SECTOR, sector);
    yield* file.flush();
    return new OverlayMap(kernel, file, header, instance);
  }

  /** Reads a map; `damaged` when neither copy of the header or of a page makes sense. */
  static *open(kernel: Kernel, file: File): Task<OverlayMap> {
    const sectors = yield* file.read(0, 2 * SECTOR);
    const found = decodeHeader(kernel, sectors.subarray(0, SECTOR)) ??
      decodeHeader(kernel, sectors.subarray(SECTOR));
    if (found === undefined) throw damaged("its header");
    if (file.size < mapSize(found.header)) throw damaged("its length");
    const map = new OverlayMap(kernel, file, found.header, found.instance);
    yield* map.#load();
    for (const mark of map.changed()) map.#remember(mark);
    return map;
  }

  *#load(): Task<void> {
    const end = mapSize(this.header);
    for (let at = 2 * SECTOR; at < end; at += READ_SECTORS * SECTOR) {
      const bytes = yield* this.#file.read(at, Math.min(READ_SECTORS * SECTOR, end - at));
      if (this.#kernel.isZero(bytes)) continue;
      for (let offset = 0; offset < bytes.length; offset += 2 * SECTOR) {
        const copies = bytes.subarray(offset, offset + 2 * SECTOR);
        if (!this.#kernel.isZero(copies)) {
          this.#loadPage((at + offset) / (2 * SECTOR) - 1, copies);
        }
      }
    }
  }

  #loadPage(index: number, copies: Uint8Array): void {
    const even = this.#decodePage(index, 0, copies.subarray(0, SECTOR));
    const odd = this.#decodePage(index, 1, copies.subarray(SECTOR));
    if (even === "torn" && odd === "torn") throw damaged(`page ${index}`);
    if (even === "torn" || odd === "torn") this.tornPages++;
    let best: Page | undefined;
    for (const page of [even, odd]) {
      if (typeof page !== "string" && (best === undefined || page.sequence > best.sequence)) {
        best = page;
      }
    }
    // A torn copy beside one never written is the page's first update, which nobody was promised.
    if (best !== undefined) this.#pages.set(index, best);
  }

  #decodePage(index: number, copy: number, sector: Uint8Array): Page | "torn" | "empty" {
    if (this.#kernel.isZero(sector)) return "empty";
    const reader = new ByteReader(sector);
    const checksum = reader.u64();
    if (checksum !== this.#kernel.checksum(sector.subarray(8))) return "torn";
    const sequence = reader.safe64();
    const isOurs = reader.u64() === this.#instance && reader.u32() === index;
    if (!reader.ok || !isOurs || sequence === 0 || sequence % 2 !== copy) return "torn";
    const states = sector.slice(PAGE_HEAD);
    for (const byte of states) if ((byte & (byte >>> 1) & 0x55) !== 0) return "torn";
    return { sequence, states };
  }

  /** Clusters of the disk; the last one may be short. */
  get clusters(): number {
    return Math.ceil(this.header.size / this.header.clusterSize);
  }

  /** Runs of clusters that are not the base's, in order, neighbours of one state joined. */
  *changed(): Generator<Mark, void, undefined> {
    let run: { start: number; end: number; state: ClusterState } | undefined;
    for (const index of [...this.#pages.keys()].sort((left, right) => left - right)) {
      const { states } = this.#pages.get(index) as Page;
      for (let slot = 0; slot < PAGE_CLUSTERS; slot++) {
        const state = STATES[((states[slot >>> 2] ?? 0) >>> (2 * (slot & 3))) & 3] ?? "base";
        const cluster = index * PAGE_CLUSTERS + slot;
        if (state === "base" || cluster >= this.clusters) continue;
        if (run?.end === cluster && run.state === state) run.end++;
        else {
          if (run !== undefined) yield run;
          run = { start: cluster, end: cluster + 1, state };
        }
      }
    }
    if (run !== undefined) yield run;
  }

  /** What `cluster` is, durably. */
  stateOf(cluster: number): ClusterState {
    if (this.#isData.has(cluster)) return "data";
    return this.#isZero.has(cluster) ? "zero" : "base";
  }

  /** How many clusters are not the base's. */
  get changedClusters(): number {
    return this.#isData.count + this.#isZero.count;
  }

  #remember({ start, end, state }: Mark): void {
    if (state === "data") this.#isData.set(start, end);
    else this.#isData.clear(start, end);
    if (state === "zero") this.#isZero.set(start, end);
    else this.#isZero.clear(start, end);
  }

  /**
   * Makes marks durable; those of tasks that come meanwhile go together, after one `before`, which
   * must make durable what the marks speak about. Like any write it cannot be cancelled (E2): marks
   * that somebody gave up could otherwise be written later, over what came after them. After a
   * failure the map on disk is unknown; it fails from then on and must be opened again.
   */
  *commit(marks: readonly Mark[], before: () => Task<void>): Task<void> {
    for (const mark of marks) this.#waiting.push(mark);
    const ticket = ++this.#asked;
    let interrupted: Failed | undefined;
    while (this.#committed < ticket) {
      try {
        yield* this.#writer.during(this.#lead(ticket, before));
      } catch (error) {
        if (!isFailed(error, "cancelled")) throw error;
        interrupted = error;
      }
    }
    if (interrupted !== undefined) throw interrupted;
  }

  /** Writes for all who wait, unless somebody else has done so for `ticket`. */
  *#lead(ticket: number, before: () => Task<void>): Task<void> {
    if (this.#committed >= ticket) return;
    if (this.#broken !== undefined) throw this.#broken;
    const group = this.#waiting.slice();
    const covered = this.#asked;
    try {
      yield* before();
      yield* this.#write(group);
    } catch (error) {
      if (isFailed(error) && error.code !== "cancelled") this.#broken = error;
      throw error;
    }
    for (const mark of group) this.#remember(mark);
    this.#waiting = this.#waiting.slice(group.length);
    this.#committed = covered;
  }

  *#write(group: readonly Mark[]): Task<void> {
    const pages = new Map<number, Page>();
    for (const mark of group) this.#apply(mark, pages);
    // Each page goes over its older copy. A crash before the flush leaves any of them new, old or torn;
    // torn ones are read from the newer copy. No mark of this group has been acknowledged.
    for (const [index, page] of pages) {
      const at = (2 + 2 * index + (page.sequence % 2)) * SECTOR;
      yield* this.#file.write(at, this.#encodePage(index, page));
    }
    yield* this.#file.flush();
    for (const [index, page] of pages) this.#pages.set(index, page);
  }

  #apply(mark: Mark, pages: Map<number, Page>): void {
    assert(mark.start >= 0 && mark.end <= this.clusters, "Marks lie inside the disk");
    const value = STATES.indexOf(mark.state);
    for (let start = mark.start; start < mark.end;) {
      const index = Math.floor(start / PAGE_CLUSTERS);
      const end = Math.min(mark.end, (index + 1) * PAGE_CLUSTERS);
      let page = pages.get(index);
      if (page === undefined) {
        const old = this.#pages.get(index);
        const states = old?.states.slice() ?? new Uint8Array(SECTOR - PAGE_HEAD);
        page = { sequence: (old?.sequence ?? 0) + 1, states };
        pages.set(index, page);
      }
      setStates(page.states, start % PAGE_CLUSTERS, end - index * PAGE_CLUSTERS, value);
      start = end;
    }
  }

  #encodePage(index: number, page: Page): Uint8Array {
    const writer = new ByteWriter(SECTOR).u64(0n).safe64(page.sequence).u64(this.#instance)
      .u32(index).u32(0).raw(page.states);
    return writer.seek(0).u64(this.#kernel.checksum(writer.bytes.subarray(8))).bytes;
  }

  /** Gives the file back. */
  *close(): Task<void> {
    yield* this.#file.close();
  }
}

function setStates(states: Uint8Array, start: number, end: number, value: number): void {
  for (let slot = start; slot < end; slot++) {
    if ((slot & 3) === 0 && end - slot >= 4) {
      const whole = (end - slot) >>> 2;
      states.fill(value * 0x55, slot >>> 2, (slot >>> 2) + whole);
      slot += 4 * whole - 1;
      continue;
    }
    const shift = 2 * (slot & 3);
    states[slot >>> 2] = ((states[slot >>> 2] ?? 0) & ~(3 << shift)) | (value << shift);
  }
}

function mapSize(header: OverlayHeader): number {
  const pages = Math.ceil(header.size / header.clusterSize / PAGE_CLUSTERS);
  return (2 + 2 * pages) * SECTOR;
}

function encodeHeader(kernel: Kernel, header: OverlayHeader, instance: bigint): Uint8Array {
  const writer = new ByteWriter(SECTOR).u64(MAGIC).u32(VERSION).u32(header.disk)
    .safe64(header.size).u32(header.clusterSize).u32(0).u64(instance)
    .raw(fromHex(header.machine) as Uint8Array).raw(fromHex(header.point) as Uint8Array);
  return writer.seek(CHECKED).u64(kernel.checksum(writer.bytes.subarray(0, CHECKED))).bytes;
}

function decodeHeader(
  kernel: Kernel,
  sector: Uint8Array,
): { header: OverlayHeader; instance: bigint } | undefined {
  if (sector.length !== SECTOR) return undefined;
  const checksum = new ByteReader(sector, CHECKED).u64();
  if (checksum !== kernel.checksum(sector.subarray(0, CHECKED))) return undefined;
  const reader = new ByteReader(sector);
  if (reader.u64() !== MAGIC || reader.u32() !== VERSION) return undefined;
  const disk = reader.u32();
  const size = reader.safe64();
  const clusterSize = reader.u32();
  reader.u32();
  const instance = reader.u64();
  const machine = toHex(reader.bytes(16)) as MachineId;
  const point = toHex(reader.bytes(16)) as PointId;
  const isSound = reader.ok && disk < DISKS_MAX && size > 0 && size <= DISK_SIZE_MAX &&
    isClusterSize(clusterSize);
  return isSound ? { header: { machine, point, disk, size, clusterSize }, instance } : undefined;
}

function damaged(what: string): Failed {
  return localFailure(
    "damaged",
    `The map of an overlay cannot be read: ${what} makes no sense`,
    "Cancel the failover and start it again; what was written since it began is lost",
  );
}
