/**
 * Seals that are cancelled at any call: what the disk may say of them is never contradicted.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { PointId } from "../../../../engine/core/base/units.ts";
import { ReplicaStore } from "../../../../engine/core/history/replica_store.ts";
import { FakeWorld } from "./fake_world.ts";
import {
  checkPoints,
  extent,
  GENERATION,
  memoryOf,
  pointId,
  seeded,
  SIZES,
  stage,
  written,
} from "./store_model.ts";

/** Cancels the staging of a point at call `at`; `reached` is false where it ended before. */
function stageUntil(world: FakeWorld, at: number) {
  const extents = [extent(0, 1, 2, 7), extent(1, 3, 2, 9), extent(0, 9, 1, 4)];
  const blank = SIZES.map((size) => new Uint8Array(size));
  const contents = new Map<PointId, Uint8Array[]>([
    [pointId(0), blank],
    [pointId(1), written(blank, extents)],
  ]);
  const store = world.run(seeded(world, 5, [], memoryOf(true)));
  const run = world.loop.start("stage", stage(store, pointId(1), pointId(0), extents));
  const first = world.calls;
  world.onCall = () => {
    if (world.calls === first + at) run.interrupt();
  };
  world.drive(run);
  world.onCall = undefined;
  return { store, contents, outcome: run.outcome, reached: world.calls >= first + at };
}

/** Cancels the staging of a point at call `at`, begins another delta and loses power; false at its end. */
function cancelAt(at: number, ending: "kill" | "power-loss"): boolean {
  const world = new FakeWorld(40 + at);
  const { store, contents, outcome, reached } = stageUntil(world, at);
  if (outcome?.ok === false) assert.ok(isFailed(outcome.error, "cancelled"));
  const parent = store.newest?.id as PointId;
  assert.equal(world.run(store.startDelta("d-other", parent, GENERATION)), 0);
  world.crash(ending);
  world.restart();
  const again = world.run(ReplicaStore.open(world.ports(), world.folder(), memoryOf(true)));
  assert.deepEqual(again.troubles, [], `cancelled at call ${at}`);
  world.run(checkPoints(again, contents, `cancelled at call ${at}`));
  while (world.run(again.applyNext()) !== undefined);
  assert.deepEqual(world.run(again.verify()), []);
  world.run(again.close());
  return reached;
}

/** Cancels the staging of a point at call `at`; true when it was sealed and not listed, undefined at its end. */
function finishAt(at: number): boolean | undefined {
  const world = new FakeWorld(90 + at);
  const { store, contents, reached } = stageUntil(world, at);
  if (!reached) return undefined;
  const { openDelta, newest } = store;
  const finished = world.run(store.finishSeal());
  assert.equal(store.newest?.id, finished ?? newest?.id, `cancelled at call ${at}`);
  if (finished !== undefined) assert.ok((openDelta?.records ?? 0) > 0);
  world.run(checkPoints(store, contents, `cancelled at call ${at}`));
  world.crash("power-loss");
  world.restart();
  const again = world.run(ReplicaStore.open(world.ports(), world.folder(), memoryOf(true)));
  assert.deepEqual(again.troubles, []);
  if (finished !== undefined) assert.equal(again.newest?.id, finished);
  world.run(checkPoints(again, contents, `cancelled at call ${at}, opened again`));
  world.run(again.close());
  return finished !== undefined;
}

Deno.test("a seal that was cancelled behind its rename is finished, and durably (R1, I22)", () => {
  let finished = 0;
  for (let at = 1;; at++) {
    const outcome = finishAt(at);
    if (outcome === undefined) break;
    if (outcome) finished++;
  }
  assert.ok(finished > 0, "some calls lie behind the rename");
});

for (const ending of ["kill", "power-loss"] as const) {
  Deno.test(`a seal that was cancelled at any call costs no listed point its file, ${ending} behind it (R1)`, () => {
    let calls = 1;
    while (cancelAt(calls, ending)) calls++;
    assert.ok(calls > 20, `${calls} calls`);
  });
}
