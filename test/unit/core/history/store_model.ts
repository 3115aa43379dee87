/**
 * Makes deltas and seeds for the tests of history, and keeps what every point must hold: arrays of
 * bytes, nothing else.
 *
 * @module
 */

import assert from "node:assert/strict";
import type {
  GenerationId,
  MachineId,
  PointId,
  SeedId,
} from "../../../../engine/core/base/units.ts";
import { HISTORY_BOUNDS, type HistoryBounds } from "../../../../engine/core/history/bounds.ts";
import { HistoryCache } from "../../../../engine/core/history/history_cache.ts";
import type { PointView } from "../../../../engine/core/history/point_view.ts";
import type { PointDeclaration } from "../../../../engine/core/history/recovery_point.ts";
import { ReplicaStore } from "../../../../engine/core/history/replica_store.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { chainDigest, emptyChain } from "../../../../engine/core/wire/chain.ts";
import type { StagedExtent } from "../../../../engine/core/wire/extent.ts";
import { lastPoints } from "../../../../engine/core/wire/retention.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import type { FakeWorld } from "./fake_world.ts";

export const BLOCK = 512;
export const BLOCKS = 24;
export const SIZE = BLOCK * BLOCKS;
export const SIZES: readonly number[] = [SIZE, SIZE];
export const GENERATION = "9".repeat(32) as GenerationId;
const MACHINE = "8".repeat(32) as MachineId;
export const SEED = "7".repeat(32) as SeedId;
const kernel = loadKernel();

/** An identity made of a number. */
export function pointId(number: number): PointId {
  return number.toString(16).padStart(32, "0") as PointId;
}

export function spec(keep: number) {
  return {
    machine: MACHINE,
    name: "vm",
    sizes: SIZES,
    geometry: { blockSize: BLOCK, regionSize: 4 * BLOCK },
    generation: GENERATION,
    retention: lastPoints(keep),
  };
}

export function declaration(id: PointId, parent: PointId | undefined): PointDeclaration {
  return { id, parent, generation: GENERATION, cutAt: 1, kind: "standard", sizes: SIZES };
}

/** An extent of `blocks` blocks filled by `fill`; 0 makes it zero, odd fills are compressed. */
export function extent(disk: number, block: number, blocks: number, fill: number): StagedExtent {
  const content = new Uint8Array(blocks * BLOCK).fill(fill);
  for (let at = 0; at < blocks && fill !== 0; at++) content[at * BLOCK + 7] = at + 1;
  const at = block * BLOCK;
  const { length } = content;
  if (fill === 0) {
    return { disk, at, length, kind: "zero", payload: new Uint8Array(0), checksum: 0n };
  }
  const checksum = kernel.checksum(content);
  if (fill % 2 === 0) return { disk, at, length, kind: "raw", payload: content, checksum };
  return { disk, at, length, kind: "zstd", payload: kernel.compress(content, 1), checksum };
}

export function contentOf(each: StagedExtent): Uint8Array | undefined {
  if (each.kind === "zero") return undefined;
  if (each.kind === "raw") return each.payload;
  return kernel.decompress(each.payload, each.length);
}

/** What disks hold after `extents`. */
export function written(
  disks: readonly Uint8Array[],
  extents: readonly StagedExtent[],
): Uint8Array[] {
  const after = disks.map((disk) => disk.slice());
  for (const each of extents) {
    const content = contentOf(each) ?? new Uint8Array(each.length);
    after[each.disk]?.set(content, each.at);
  }
  return after;
}

export function chainOf(extents: readonly StagedExtent[]): Uint8Array {
  let chain = emptyChain();
  for (const each of extents) {
    const { payload } = each;
    const digest = payload.length === 0 ? emptyChain() : kernel.digest(payload);
    chain = chainDigest(kernel, chain, each, digest);
  }
  return chain;
}

/** Some random extents. */
export function randomExtents(world: FakeWorld): StagedExtent[] {
  const extents: StagedExtent[] = [];
  for (let count = world.random(7); count > 0; count--) {
    const block = world.random(BLOCKS);
    const blocks = 1 + world.random(Math.min(6, BLOCKS - block));
    extents.push(
      extent(world.random(2), block, blocks, world.random(4) === 0 ? 0 : 1 + world.random(255)),
    );
  }
  return extents;
}

/** The usual bounds, but that nothing that is gone waits to be merged. */
const EAGER: HistoryBounds = { ...HISTORY_BOUNDS, waiting: 0 };

/** The bounds of a store that has no room for a handful of records, nor for one page of an index. */
export const SMALL: HistoryBounds = {
  ...HISTORY_BOUNDS,
  recordsInMemory: 2,
  runsMerged: 2,
  pageEntries: 2,
  mergedAtOnce: 3,
  waiting: 1,
};

/** The memory of a store, or next to none. */
export function memoryOf(small: boolean): HistoryCache {
  return small ? new HistoryCache(4096, SMALL) : new HistoryCache(undefined, EAGER);
}

/** Makes a replica with one point. */
export function* seeded(
  world: FakeWorld,
  keep: number,
  extents: readonly StagedExtent[],
  memory: HistoryCache = memoryOf(false),
): Task<ReplicaStore> {
  const store = yield* ReplicaStore.create(world.ports(), world.folder(), spec(keep), memory);
  yield* store.beginSeed(SEED);
  for (const each of extents) yield* store.seedWrite(each, contentOf(each));
  yield* store.publishSeed(declaration(pointId(0), undefined));
  return store;
}

/** Stages and seals `extents` as a point. */
export function* stage(
  store: ReplicaStore,
  id: PointId,
  parent: PointId,
  extents: readonly StagedExtent[],
): Task<void> {
  const have = yield* store.startDelta(`d-${id}`, parent, GENERATION);
  for (const each of extents.slice(have)) yield* store.append(each);
  yield* store.seal(declaration(id, parent), extents.length, chainOf(extents));
}

/** Reads a whole point, in two unequal pieces a disk. */
export function* readAll(store: ReplicaStore, id: PointId): Task<Uint8Array[]> {
  const view = yield* store.view(id);
  const disks: Uint8Array[] = [];
  for (const disk of SIZES.keys()) {
    const whole = new Uint8Array(SIZE);
    whole.set(yield* view.read(disk, 0, 700));
    whole.set(yield* view.read(disk, 700, SIZE - 700), 700);
    disks.push(whole);
  }
  yield* view.close();
  return disks;
}

/** Fails unless the view calls allocated whatever of the range is not zero in `model`. */
export function* checkAllocated(
  view: PointView,
  model: readonly Uint8Array[] | undefined,
  disk: number,
  at: number,
  length: number,
): Task<void> {
  const rest = model?.[disk]?.slice(at, at + length) ?? new Uint8Array(0);
  let end = at;
  for (const extent of yield* view.allocated(disk, at, length)) {
    assert.ok(extent.at >= end && extent.length > 0, "allocated extents are in order");
    end = extent.at + extent.length;
    assert.ok(end <= at + length, "allocated extents lie in the range");
    rest.fill(0, extent.at - at, end - at);
  }
  const left = rest.findIndex((byte) => byte !== 0);
  assert.equal(left, -1, `view of ${view.point} disk ${disk}: ${at + left} holds data`);
}

/** Fails unless every listed point that is not broken holds what `expected` says. */
export function* checkPoints(
  store: ReplicaStore,
  expected: ReadonlyMap<PointId, readonly Uint8Array[]>,
  when: string,
): Task<void> {
  for (const point of store.points) {
    if (point.broken !== undefined) continue;
    const model = expected.get(point.id);
    assert.ok(model !== undefined, `${when}: a point nobody made: ${point.id}`);
    const view = yield* store.view(point.id);
    for (const disk of SIZES.keys()) yield* checkAllocated(view, model, disk, 0, SIZE);
    yield* view.close();
    const found = yield* readAll(store, point.id);
    for (const [disk, bytes] of found.entries()) {
      const differs = bytes.findIndex((byte, at) => byte !== model[disk]?.[at]);
      assert.equal(differs, -1, `${when}: point ${point.id} disk ${disk} differs at ${differs}`);
    }
  }
}
