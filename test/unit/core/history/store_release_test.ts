/**
 * Raw disks that are let go while somebody reads a point: they are closed behind the last read, in whatever order calls end.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { ReplicaStore } from "../../../../engine/core/history/replica_store.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import type { Run } from "../../../../engine/core/runtime/loop.ts";
import { FakeWorld } from "./fake_world.ts";
import { extent, memoryOf, pointId, seeded, SIZES, stage } from "./store_model.ts";

/** Reads a point again and again, until that is refused. */
function* readOn(store: ReplicaStore): Task<never> {
  const view = yield* store.view(pointId(1));
  for (;;) yield* view.read(0, 0, SIZES[0] as number);
}

Deno.test("a disk that is let go is closed behind the reads that are under way (R9)", () => {
  let beside = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const world = new FakeWorld(seed);
    const first = [extent(0, 0, 9, 21), extent(1, 3, 9, 22)];
    const store = world.run(seeded(world, 5, first, memoryOf(false)));
    world.run(stage(store, pointId(1), pointId(0), [extent(0, 1, 2, 7)]));
    world.run(store.applyNext());
    const reading = world.loop.start("read", readOn(store));
    world.loop.drain();
    const releasing = world.loop.start("release", store.release());
    world.onCall = (call) => {
      if (call !== "disk-read") return;
      if (reading.outcome === undefined && store.released) beside++;
      assert.ok(world.inode("disk-0.raw").locked, "Nobody reads a disk that was closed");
    };
    world.drive(reading as Run, releasing as Run);
    assert.equal(world.panicked, undefined);
    const { outcome } = reading;
    assert.ok(outcome?.ok === false && isFailed(outcome.error, "wrong-state"));
    assert.equal(releasing.outcome?.ok, true);
    assert.ok(!world.inode("disk-0.raw").locked, "Its machine finds it unlocked");
  }
  assert.ok(beside > 0, "Some reads were under way when the disks were let go");
});
