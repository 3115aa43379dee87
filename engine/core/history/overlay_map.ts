/**
 * The map of an overlay: which clusters are the base's, which are data, which are zeros.
 *
 * Rule (T5): an update goes over the older copy of a page, so a torn write leaves the newer one; a
 * sector of zeros is a copy that was never written. The format is in overlay_format.ts. This file does
 * not know what clusters hold.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { type Failed, isFailed, localFailure } from "../base/failure.ts";
import { Bitmap } from "../block/bitmap.ts";
import type { Kernel } from "../ports/codec.ts";
import type { File } from "../ports/folder.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Task } from "../runtime/task.ts";
import {
  CLUSTER_STATES,
  type ClusterState,
  decodeHeader,
  decodePage,
  emptyStates,
  encodeHeader,
  encodePage,
  MAP_SECTOR,
  mapSize,
  type OverlayHeader,
  type Page,
  PAGE_CLUSTERS,
  setStates,
  stateAt,
} from "./overlay_format.ts";

/** Clusters `[start, end)` become `state`. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly state: ClusterState;
}

/** Sectors read at once when a map is opened. */
const READ_SECTORS = 2048;

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
    yield* file.write(MAP_SECTOR, sector);
    yield* file.flush();
    return new OverlayMap(kernel, file, header, instance);
  }

  /** Reads a map; `damaged` when neither copy of the header or of a page makes sense. */
  static *open(kernel: Kernel, file: File): Task<OverlayMap> {
    const sectors = yield* file.read(0, 2 * MAP_SECTOR);
    const found = decodeHeader(kernel, sectors.subarray(0, MAP_SECTOR)) ??
      decodeHeader(kernel, sectors.subarray(MAP_SECTOR));
    if (found === undefined) throw damaged("its header");
    if (file.size < mapSize(found.header)) throw damaged("its length");
    const map = new OverlayMap(kernel, file, found.header, found.instance);
    yield* map.#load();
    for (const mark of map.changed()) map.#remember(mark);
    return map;
  }

  *#load(): Task<void> {
    const end = mapSize(this.header);
    for (let at = 2 * MAP_SECTOR; at < end; at += READ_SECTORS * MAP_SECTOR) {
      const bytes = yield* this.#file.read(at, Math.min(READ_SECTORS * MAP_SECTOR, end - at));
      if (this.#kernel.isZero(bytes)) continue;
      for (let offset = 0; offset < bytes.length; offset += 2 * MAP_SECTOR) {
        const copies = bytes.subarray(offset, offset + 2 * MAP_SECTOR);
        if (!this.#kernel.isZero(copies)) {
          this.#loadPage((at + offset) / (2 * MAP_SECTOR) - 1, copies);
        }
      }
    }
  }

  #loadPage(index: number, copies: Uint8Array): void {
    const even = decodePage(this.#kernel, this.#instance, index, 0, copies.subarray(0, MAP_SECTOR));
    const odd = decodePage(this.#kernel, this.#instance, index, 1, copies.subarray(MAP_SECTOR));
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
        const state = stateAt(states, slot);
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
      const at = (2 + 2 * index + (page.sequence % 2)) * MAP_SECTOR;
      yield* this.#file.write(at, encodePage(this.#kernel, this.#instance, index, page));
    }
    yield* this.#file.flush();
    for (const [index, page] of pages) this.#pages.set(index, page);
  }

  #apply(mark: Mark, pages: Map<number, Page>): void {
    assert(mark.start >= 0 && mark.end <= this.clusters, "Marks lie inside the disk");
    const value = CLUSTER_STATES.indexOf(mark.state);
    for (let start = mark.start; start < mark.end;) {
      const index = Math.floor(start / PAGE_CLUSTERS);
      const end = Math.min(mark.end, (index + 1) * PAGE_CLUSTERS);
      let page = pages.get(index);
      if (page === undefined) {
        const old = this.#pages.get(index);
        const states = old?.states.slice() ?? emptyStates();
        page = { sequence: (old?.sequence ?? 0) + 1, states };
        pages.set(index, page);
      }
      setStates(page.states, start % PAGE_CLUSTERS, end - index * PAGE_CLUSTERS, value);
      start = end;
    }
  }

  /** Gives the file back. */
  *close(): Task<void> {
    yield* this.#file.close();
  }
}

function damaged(what: string): Failed {
  return localFailure(
    "damaged",
    `The map of an overlay cannot be read: ${what} makes no sense`,
    'Cancel the failover ("warmsite failover cancel") and start it again; what was written since it began is lost',
  );
}
