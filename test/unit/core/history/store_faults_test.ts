/**
 * Devices that fail and fill while the process lives (R10), clocks that jump, seeds that resume.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import { STATE_SLACK } from "../../../../engine/core/history/bounds.ts";
import type { PointId } from "../../../../engine/core/base/units.ts";
import { ReplicaStore } from "../../../../engine/core/history/replica_store.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { FakeWorld } from "./fake_world.ts";
import {
  checkPoints,
  contentOf,
  declaration,
  extent,
  GENERATION,
  memoryOf,
  pointId,
  randomExtents,
  readAll,
  SEED,
  seeded,
  SIZES,
  spec,
  stage,
  written,
} from "./store_model.ts";

const blank = () => SIZES.map((size) => new Uint8Array(size));

/** Runs `task`; true when it ended well, false when the device failed. */
function attempt(world: FakeWorld, task: Task<unknown>): boolean {
  try {
    world.run(task);
    return true;
  } catch (error) {
    if (isFailed(error, "io-error", "no-space")) return false;
    throw error;
  }
}

Deno.test("after any failed call the store is consistent, and goes on when the device does (R10)", () => {
  const calls = ["write", "flush", "rename", "flush-folder", "disk-write", "disk-flush", "open"];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1 << 30 }), (seed) => {
      const world = new FakeWorld(seed);
      const first = randomExtents(world);
      const contents = new Map<PointId, Uint8Array[]>([[pointId(0), written(blank(), first)]]);
      const small = seed % 2 === 0;
      let store = world.run(seeded(world, 2, first, memoryOf(small)));
      let next = 1;
      for (let step = 0; step < 30; step++) {
        const failing = calls[world.random(calls.length)] as string;
        if (world.random(2) === 0) world.failing = { call: failing, times: 1 };
        if (world.random(4) === 0) world.space = world.random(3000);
        const before = store.newest?.id as PointId;
        const choice = world.random(4);
        if (choice < 2) {
          const extents = randomExtents(world);
          if (small) extents.push(...randomExtents(world));
          const id = pointId(next++);
          contents.set(id, written(contents.get(before) as Uint8Array[], extents));
          const done = attempt(world, stage(store, id, before, extents));
          assert.equal(store.newest?.id, done ? id : before, `seed ${seed} step ${step}`);
        } else if (choice === 2) attempt(world, store.applyNext());
        else attempt(world, store.prune());
        world.failing = undefined;
        world.space = undefined;
        world.run(checkPoints(store, contents, `seed ${seed} step ${step}`));
        if (world.random(8) !== 0) continue;
        world.crash("power-loss");
        world.restart();
        store = world.run(ReplicaStore.open(world.ports(), world.folder(), memoryOf(small)));
        assert.deepEqual(store.troubles, []);
        world.run(checkPoints(store, contents, `seed ${seed} step ${step} reopened`));
      }
      while (world.run(store.applyNext()) !== undefined);
      world.run(store.prune());
      assert.ok(store.points.length <= 2, "retention is reached when the device works again");
      assert.deepEqual(world.run(store.verify()), []);
      world.run(store.close());
    }),
    { seed: 20261, numRuns: 15, endOnFailure: true },
  );
});

Deno.test("holds, documents, generation and dropping need no space at all (R10)", () => {
  const world = new FakeWorld(3);
  const store = world.run(seeded(world, 9, [extent(0, 0, 4, 2)]));
  world.run(stage(store, pointId(1), pointId(0), [extent(0, 1, 2, 4)]));
  world.run(store.applyNext());
  world.space = 0;
  world.run(store.hold(pointId(0), "overlay"));
  world.run(store.setExtra({ failover: "started" }, "5".repeat(32) as typeof GENERATION));
  assert.deepEqual(world.run(store.shed()), [], "a held point is not shed");
  assert.equal(attempt(world, stage(store, pointId(2), pointId(1), [extent(1, 0, 8, 6)])), false);
  assert.equal(store.newest?.id, pointId(1));
  world.run(store.unhold("overlay"));
  assert.deepEqual(world.run(store.shed()), [pointId(0)]);
  world.run(store.close());
  const again = world.run(ReplicaStore.open(world.ports(), world.folder()));
  assert.deepEqual(again.extra, { failover: "started" });
  assert.equal(again.generation, "5".repeat(32));
  world.run(again.close());
  assert.ok(STATE_SLACK > 0);
});

Deno.test("protected time grows with the monotonic clock alone, across restarts (R7)", () => {
  const world = new FakeWorld(4);
  let store = world.run(seeded(world, 9, []));
  world.now = 1000;
  world.run(stage(store, pointId(1), pointId(0), []));
  world.run(store.close());
  world.restart();
  world.now = 50;
  store = world.run(ReplicaStore.open(world.ports(), world.folder()));
  world.now = 80;
  world.run(stage(store, pointId(2), pointId(1), []));
  const times = store.points.map((point) => point.protectedAt);
  assert.deepEqual(times, [0, 1000, 1030]);
  world.run(store.close());
});

Deno.test("a seed that a crash cut goes on, and is published with the right digests (C5)", () => {
  const world = new FakeWorld(5);
  const extents = [extent(0, 0, 6, 2), extent(1, 2, 4, 7), extent(0, 3, 2, 0), extent(0, 4, 1, 9)];
  let store = world.run(ReplicaStore.create(world.ports(), world.folder(), spec(4)));
  world.run(store.beginSeed(SEED));
  for (const each of extents.slice(0, 2)) world.run(store.seedWrite(each, contentOf(each)));
  world.run(store.seedFlush());
  assert.equal(store.newest, undefined);
  assert.throws(() => world.run(store.view(pointId(0))), /no-such-point/);
  world.crash("power-loss");
  world.restart();
  store = world.run(ReplicaStore.open(world.ports(), world.folder()));
  assert.equal(store.seed, SEED);
  world.run(store.beginSeed(SEED));
  for (const each of extents) world.run(store.seedWrite(each, contentOf(each)));
  world.run(store.publishSeed(declaration(pointId(0), undefined)));
  assert.equal(store.seed, undefined);
  assert.deepEqual(world.run(store.verify()), []);
  assert.deepEqual(world.run(readAll(store, pointId(0))), written(blank(), extents));
  const whole = new FakeWorld(6);
  const other = whole.run(seeded(whole, 4, extents));
  assert.deepEqual(other.newest?.digests, store.newest?.digests);
  assert.deepEqual(whole.run(other.verify()), [], "kept up incrementally");
  assert.throws(() => world.run(store.beginSeed(SEED)), /wrong-state/);
});

Deno.test("block digests are those of the newest point, staged included (L3)", () => {
  const world = new FakeWorld(7);
  const store = world.run(seeded(world, 4, [extent(0, 0, 4, 2)]));
  const delta = [extent(0, 1, 2, 5)];
  world.run(stage(store, pointId(1), pointId(0), delta));
  const disks = written(written(blank(), [extent(0, 0, 4, 2)]), delta);
  const expected = loadKernel().blockDigests((disks[0] as Uint8Array).subarray(0, 4096), 1024);
  assert.deepEqual(world.run(store.blockDigests(0, 0, 4096, 1024)), expected);
  assert.throws(() => world.run(store.blockDigests(0, 0, 4096, 100)), /malformed/);
  assert.throws(() => world.run(store.blockDigests(9, 0, 1024, 1024)), /malformed/);
  world.run(store.close());
});
