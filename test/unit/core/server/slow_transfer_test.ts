/**
 * A transfer that takes longer than a cycle: the next one is late, never beside it, and what should have begun
 * meanwhile was missed.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import {
  HOUR,
  KiB,
  MiB,
  MILLISECOND,
  type PointId,
  SECOND,
} from "../../../../engine/core/base/units.ts";
import { contents, disksOf, filled, makePair, protect, type Site, status } from "./pair.ts";

const VM = { vm: "vm" };
const FREQUENCY = 10 * SECOND;
/** What a moment on the link may take besides what is sent, µs. */
const SLACK = 300 * MILLISECOND;

/** When points were cut, µs of the wall clock; oldest first. */
function cuts(site: Site): number[] {
  return (site.server?.replica.machine("vm").store.points ?? []).map(({ cutAt }) => cutAt);
}

/** A pair that is at rest, its next cycle a moment ahead, on a link that carries `bandwidth` bytes in a second. */
function resting(seed: number, bandwidth: number) {
  const pair = makePair(seed);
  const { world, a, b } = pair;
  protect(a, { frequency: FREQUENCY, compression: false });
  const staged = cuts(b).length;
  world.runWhile(() => cuts(b).length === staged, 20 * SECOND);
  world.runFor(FREQUENCY - SECOND);
  world.net.link("a", "b").speed = { ...world.net.usual, bandwidth };
  return pair;
}

const interval = (site: Site) =>
  (site.call("replication statistics", VM) as JsonObject)["current"] as JsonObject;

Deno.test("a transfer of 51 s at a frequency of 10 s is one point and five missed cycles, the next one at once, then the pace", () => {
  const { world, a, b } = resting(310, 10 * KiB);
  const before = cuts(b);
  const { missed: already, cycles } = interval(a);
  equal(already, 0);
  for (let at = 0; at < 510; at += 30) a.write("vm/0", at * KiB, filled(30 * KiB, 1 + at % 200));
  // One delta at a time: from its first record until it is sealed no other one is open, and no point comes of anything else.
  const deltas: string[] = [];
  world.afterEvent.push(() => {
    const open = b.server?.replica.machine("vm").store.openDelta?.id;
    if (open !== undefined && open !== deltas.at(-1)) deltas.push(open);
  });
  const began = world.now;
  world.runFor(25 * SECOND);
  equal(cuts(b).length, before.length, "nothing comes past it");
  // What the guest writes meanwhile is not in this point, and in the next one.
  const whole = a.read("vm/0", 0, MiB);
  a.write("vm/0", 600 * KiB, filled(KiB, 250));
  world.runWhile(() => cuts(b).length === before.length, 120 * SECOND);
  const took = world.now - began;
  ok(took > 51 * SECOND && took < 53 * SECOND, `${took} µs`);
  equal(deltas.length, 1);
  world.runFor(2 * SECOND);
  const [slow, next] = cuts(b).slice(before.length) as [number, number];
  equal(cuts(b).length, before.length + 2, "the next cycle was due, and began at once");
  const ids = b.server?.replica.machine("vm").store.points.map(({ id }) => id) ?? [];
  deepEqual(disksOf(b, ids.at(-2) as PointId), [whole]);
  deepEqual(disksOf(b, ids.at(-1) as PointId), [contents(a, 0)]);
  const between = next - slow;
  ok(between > 50 * SECOND && between < 52 * SECOND, `${between} µs`);
  world.runFor(35 * SECOND);
  const later = cuts(b).slice(before.length + 1);
  equal(later.length, 4, "the pace again");
  for (const [at, cut] of later.slice(1).entries()) {
    const pace = cut - (later[at] as number);
    ok(Math.abs(pace - FREQUENCY) < SLACK, `${pace} µs`);
  }
  equal(new Set(deltas).size, deltas.length, "none was begun beside another");
  const after = interval(a);
  deepEqual(
    { missed: after["missed"], cycles: after["cycles"] },
    { missed: 5, cycles: (cycles as number) + 5 },
  );
  equal(status(a)["missed"], 5);
  ok((after["latencyMaxMicros"] as number) > 51 * SECOND);
});

Deno.test("a transfer of more than an hour is said to be no point yet, and not that nothing comes (M68)", () => {
  const { world, a, b } = resting(311, 100);
  a.write("vm/0", 0, filled(500 * KiB, 7));
  world.runFor(HOUR + 2 * FREQUENCY);
  const store = b.server?.replica.machine("vm").store;
  ok(store?.openDelta !== undefined, "it is on its way");
  const told = (site: Site) => `${(status(site)["warnings"] as readonly string[])}`;
  match(told(a), /No recovery point has arrived at the replica for more than an hour/);
  match(told(b), /No recovery point has arrived here for more than an hour/);
});
