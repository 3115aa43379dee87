/**
 * The store of one machine: points, applies, views, retention, one at a time and without faults.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { PointId } from "../../../../engine/core/base/units.ts";
import { HistoryCache } from "../../../../engine/core/history/history_cache.ts";
import { ReplicaStore } from "../../../../engine/core/history/replica_store.ts";
import { FakeWorld } from "./fake_world.ts";
import {
  BLOCK,
  BLOCKS,
  chainOf,
  checkPoints,
  declaration,
  extent,
  GENERATION,
  memoryOf,
  pointId,
  seeded,
  SIZE,
  SIZES,
  SMALL,
  stage,
  written,
} from "./store_model.ts";
import { lastPoints } from "../../../../engine/core/wire/retention.ts";

Deno.test("a seed, three deltas, an apply: every point holds what was sent (R3, R4, C5)", () => {
  const world = new FakeWorld(1);
  world.run(function* () {
    const blank = SIZES.map((size) => new Uint8Array(size));
    const expected = new Map<PointId, Uint8Array[]>();
    const first = [extent(0, 0, 4, 9), extent(1, 3, 2, 8)];
    const store = yield* seeded(world, 10, first);
    let disks = written(blank, first);
    expected.set(pointId(0), disks);
    for (let at = 1; at <= 3; at++) {
      const delta = [
        extent(0, at, 3, 20 + at),
        extent(0, at + 1, 1, 0),
        extent(1, 2 * at, 2, 40 + at),
      ];
      yield* stage(store, pointId(at), pointId(at - 1), delta);
      disks = written(disks, delta);
      expected.set(pointId(at), disks);
      yield* checkPoints(store, expected, `after staging ${at}`);
    }
    for (let at = 1; at <= 3; at++) {
      assert.equal(yield* store.applyNext(), pointId(at));
      yield* checkPoints(store, expected, `after applying ${at}`);
      assert.deepEqual(yield* store.verify(), []);
    }
    assert.equal(yield* store.applyNext(), undefined);
    yield* store.close();
    const again = yield* ReplicaStore.open(world.ports(), world.folder());
    yield* checkPoints(again, expected, "after reopening");
    assert.equal(again.points.length, 4);
    assert.deepEqual(again.troubles, []);
    yield* again.setRetention(lastPoints(2));
    assert.deepEqual(yield* again.prune(), [pointId(0), pointId(1)]);
    yield* checkPoints(again, expected, "after pruning");
    yield* again.close();
  }());
});

Deno.test("deltas and undo files with more entries than memory and a page hold are read like others (R2, R5)", () => {
  const world = new FakeWorld(2);
  world.run(function* () {
    const expected = new Map<PointId, Uint8Array[]>();
    const first = [extent(0, 0, 12, 9), extent(0, 12, 12, 8)];
    let store = yield* seeded(world, 10, first, memoryOf(true));
    let disks = written(SIZES.map((size) => new Uint8Array(size)), first);
    expected.set(pointId(0), disks);
    for (let at = 1; at <= 4; at++) {
      const delta = [];
      for (let block = 0; block < BLOCKS; block++) {
        const place = (block * 7 + at) % BLOCKS;
        delta.push(extent(block % 2, place, 1, block % 5 === 0 ? 0 : 1 + at * 40 + block));
        if (block % 6 === at) delta.push(extent(block % 2, Math.min(place, BLOCKS - 3), 3, at));
      }
      yield* stage(store, pointId(at), pointId(at - 1), delta);
      disks = written(disks, delta);
      expected.set(pointId(at), disks);
    }
    yield* checkPoints(store, expected, "staged");
    for (let at = 1; at <= 2; at++) {
      yield* store.applyNext();
      yield* checkPoints(store, expected, `after applying ${at}`);
    }
    yield* store.close();
    store = yield* ReplicaStore.open(world.ports(), world.folder(), memoryOf(true));
    yield* store.applyNext();
    yield* store.applyNext();
    yield* store.setRetention(lastPoints(2));
    // A held point goes by merging its neighbours' undo files.
    yield* store.hold(pointId(0), "test");
    yield* store.prune();
    yield* checkPoints(store, expected, "after merging undo files");
    assert.deepEqual(store.points.map(({ id }) => id), [0, 3, 4].map(pointId));
    assert.deepEqual(yield* store.verify(), []);
    assert.deepEqual(store.troubles, []);
    yield* store.close();
    assert.deepEqual(world.names("staging"), []);
  }());
});

Deno.test("records that a cut link took back are in no point, though others came in their place (R1)", () => {
  for (const small of [true, false]) {
    const world = new FakeWorld(5);
    world.run(function* () {
      const store = yield* seeded(world, 10, [], memoryOf(small));
      const kept = [extent(0, 0, 2, 3), extent(0, 4, 1, 5), extent(1, 2, 3, 7)];
      const lost = [
        extent(0, 1, 3, 9),
        extent(0, 8, 2, 11),
        extent(1, 0, 4, 13),
        extent(1, 9, 1, 0),
      ];
      const sent = [extent(0, 9, 2, 15), extent(1, 3, 1, 17), extent(0, 4, 1, 0)];
      yield* store.startDelta("d", pointId(0), GENERATION);
      for (const each of kept) yield* store.append(each);
      yield* store.flushDelta();
      for (const each of lost) yield* store.append(each);
      assert.equal(yield* store.startDelta("d", pointId(0), GENERATION), kept.length);
      for (const each of sent) yield* store.append(each);
      const all = [...kept, ...sent];
      yield* store.seal(declaration(pointId(1), pointId(0)), all.length, chainOf(all));
      const blank = SIZES.map((size) => new Uint8Array(size));
      const expected = new Map([[pointId(0), blank], [pointId(1), written(blank, all)]]);
      yield* checkPoints(store, expected, "sealed");
      yield* store.applyNext();
      yield* checkPoints(store, expected, "applied");
      yield* store.close();
    }());
  }
});

Deno.test("a view tells which extents hold data, from its layers and from the raw disk (R4)", () => {
  const world = new FakeWorld(3);
  world.run(function* () {
    const store = yield* seeded(world, 10, [extent(0, 0, 4, 9), extent(0, 20, 4, 8)]);
    // Zeros over data, data over zeros.
    yield* stage(store, pointId(1), pointId(0), [extent(0, 1, 2, 0), extent(0, 10, 2, 7)]);
    const both: [number, [number, number][]][] = [
      [0, [[0, 4], [20, 4]]],
      [1, [[0, 1], [3, 1], [10, 2], [20, 4]]],
    ];
    for (const applied of [false, true]) {
      if (applied) yield* store.applyNext();
      for (const [point, runs] of both) {
        const view = yield* store.view(pointId(point));
        const blocks = (yield* view.allocated(0, 0, SIZE)).map(({ at, length }) => {
          return [at / BLOCK, length / BLOCK];
        });
        assert.deepEqual(blocks, runs, `point ${point}, ${applied ? "applied" : "staged"}`);
        assert.deepEqual(yield* view.allocated(1, 0, SIZE), []);
        const part = yield* view.allocated(0, 3 * BLOCK + 8, 8 * BLOCK);
        assert.equal(part[0]?.at, 3 * BLOCK + 8);
        yield* view.close();
      }
    }
    yield* store.close();
  }());
});

Deno.test("a delta that no honest primary needs is refused, and begun anew when it is asked for (R2)", () => {
  const world = new FakeWorld(4);
  world.run(function* () {
    const memory = new HistoryCache(4096, { ...SMALL, deltaSpare: 0 });
    const store = yield* seeded(world, 10, [], memory);
    const id = pointId(1);
    const again = extent(0, 0, BLOCKS, 2);
    assert.equal(yield* store.startDelta("d-long", pointId(0), GENERATION), 0);
    let records = 0;
    try {
      for (;; records++) yield* store.append(again);
    } catch (error) {
      assert.ok(isFailed(error, "no-space"), String(error));
      assert.match(error.message, /longer than the \d+ bytes that its disks allow/);
    }
    // Both disks four times over, sent as one of them.
    assert.equal(records, 8);
    assert.equal(yield* store.flushDelta(), 8);
    assert.equal(yield* store.startDelta("d-long", pointId(0), GENERATION), 0);
    yield* store.append(again);
    yield* store.seal(declaration(id, pointId(0)), 1, chainOf([again]));
    assert.equal(yield* store.applyNext(), id);
    assert.deepEqual(yield* store.verify(), []);
    yield* store.close();
  }());
});
