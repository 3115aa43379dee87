/**
 * A replica whose storage has no room for the next delta: the oldest points go, for protection goes on (R10).
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { PointId } from "../../../../engine/core/base/units.ts";
import { contents, disksOf, makePair, protect, type Site, status } from "../server/pair.ts";

const VM = { vm: "vm" };
const BLOCK = 512;
/** Bytes that each point differs by from the one before, all over the disk. */
const EACH = 96 * KiB;

/** Bytes that do not become less by compression. */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

const listed = (b: Site) =>
  (b.call("points list", VM) as JsonObject[]).map(({ id }) => id as PointId);

/** A replica of some points, each with what the disk held then, oldest first. */
function somePoints(seed: number) {
  const pair = makePair(seed);
  const { a, b, world } = pair;
  protect(a, { retention: "last 12", frequency: 60 * SECOND });
  const truth = new Map<PointId, Uint8Array>();
  const change = (value: number) => a.write("vm/0", (value % 3) * EACH, noise(EACH, value));
  const note = () => truth.set(listed(b).at(-1) as PointId, contents(a, 0));
  // What undo files hold takes space from the next point on.
  for (let value = 0; value < 3; value++) change(value);
  a.call("replication cycle", VM);
  world.runFor(SECOND);
  for (let value = 3; value <= 8; value++) {
    change(value);
    a.call("replication cycle", VM);
    world.runFor(SECOND);
    note();
  }
  return { ...pair, truth, change, note };
}

function equalPoints(b: Site, truth: ReadonlyMap<PointId, Uint8Array>): void {
  for (const point of listed(b)) {
    const expected = truth.get(point);
    if (expected !== undefined) deepEqual(disksOf(b, point)[0], expected);
  }
}

Deno.test("where no delta can be staged for lack of space the oldest points go, one for each attempt, and it goes on (R10)", () => {
  const { a, b, world, truth, change, note } = somePoints(461);
  const before = listed(b);
  const { volume } = b.host.data;
  volume.capacity = volume.used + 8 * KiB;
  change(9);
  const { store } = b.server!.replica.machine("vm");
  const old = store.newest?.id;
  for (let tries = 0; tries < 1200 && store.newest?.id === old; tries++) world.runFor(SECOND);
  world.runFor(6 * SECOND);
  equal(status(a)["state"], "Replicating");
  ok(store.newest?.applied, "it is applied as well");
  note();
  const after = listed(b);
  deepEqual(
    disksOf(b, after.at(-1) as PointId)[0],
    contents(a, 0),
    "the newest is the disk as it is",
  );
  // From the oldest on, without a hole, and no more than what was needed.
  const kept = after.filter((point) => before.includes(point));
  deepEqual(kept, before.slice(before.length - kept.length));
  ok(
    kept.length < before.length && kept.length >= 4,
    `${kept.length} of ${before.length} are left`,
  );
  equalPoints(b, truth);
  deepEqual(world.violations, []);
});

Deno.test("a point that a test holds does not go to make room for what is staged, nor does any newer one (R10)", () => {
  const { b, world, truth, change } = somePoints(462);
  const before = listed(b);
  b.call("failover test", { ...VM, point: before[0] as string });
  const { volume } = b.host.data;
  volume.capacity = volume.used;
  change(9);
  world.runFor(10 * MINUTE);
  deepEqual(listed(b), before);
  equalPoints(b, truth);
  equal(b.read("vm - Test/0", 0, BLOCK).length, BLOCK);
  equal(status(b)["health"], "Critical");
  deepEqual(world.violations, []);
});
