/**
 * The store of one machine: points, applies, views, retention, one at a time and without faults.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { PointId } from "../../../../engine/core/base/units.ts";
import { ReplicaStore } from "../../../../engine/core/history/replica_store.ts";
import { FakeWorld } from "./fake_world.ts";
import { checkPoints, extent, pointId, seeded, SIZES, stage, written } from "./store_model.ts";

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
    yield* again.setKeep(2);
    assert.deepEqual(yield* again.prune(), [pointId(0), pointId(1)]);
    yield* checkPoints(again, expected, "after pruning");
    yield* again.close();
  }());
});
