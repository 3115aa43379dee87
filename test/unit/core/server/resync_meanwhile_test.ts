/**
 * What a resynchronization costs that stood still, and what guests may do meanwhile.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { HOUR, KiB, MiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { filled, makePair, protect, type Site, status } from "./pair.ts";

const VM = { vm: "vm" };
const SIZE = 4 * MiB;
/** Runs that differ, with as much of equal bytes behind each: a chunk is one of them. */
const RUN = 64 * KiB;
const DIFFERING = SIZE / 2;

function sent(site: Site): number {
  const resync = status(site)["resynchronization"] as JsonObject | null;
  return (resync?.["sentBytes"] ?? 0) as number;
}

/** A pair whose whole disks have to be compared, half of which differ; it takes some twenty seconds. */
function differing(seed: number) {
  const pair = makePair(seed, SIZE);
  const { a, b, world } = pair;
  protect(a, { resync: "manual", bandwidth: 100_000 });
  for (let at = 0; at < SIZE; at += 2 * RUN) a.write("vm/0", at, world.stream(`${at}`).bytes(RUN));
  a.host.kill();
  a.host.logs.unlink("vm.img.hrl");
  a.start();
  const states: string[] = [];
  world.onEngineEvent.push(({ host, event }) => {
    if (host === "a" && event.kind === "state") states.push(event.to);
  });
  const until = (holds: () => boolean) => {
    world.runWhile(() => !world.stopped && !holds(), HOUR);
    equal(world.violations[0], undefined);
    ok(holds(), JSON.stringify(status(a)));
  };
  const judge = () => {
    a.call("replication cycle", VM);
    b.call("failover start", VM);
    deepEqual(b.read("vm/0", 0, SIZE), a.read("vm/0", 0, SIZE));
  };
  return { ...pair, states, until, judge };
}

/** Counts what is read of the primary's disk from now on; returns how much it was. */
function countReads(site: Site): () => number {
  const { sectors } = site.host.disks.get("vm.img")!.node;
  const read = sectors.read.bind(sectors);
  let bytes = 0;
  sectors.read = (at, length) => {
    bytes += length;
    return read(at, length);
  };
  return () => bytes;
}

Deno.test("continuing reads what is left, and no more than a chunk of what was read before (M42)", () => {
  const { a, until, judge, world } = differing(451);
  const compared = countReads(a);
  a.call("replication resync start", VM);
  until(() => sent(a) >= DIFFERING / 4);
  ok(compared() >= SIZE, "all of it was read to be compared");
  a.call("replication resync pause", VM);
  // What is under way ends first.
  world.runFor(30 * SECOND);
  equal(status(a)["state"], "ResynchronizeSuspended");
  const left = DIFFERING - sent(a);
  ok(left > 4 * RUN, `${left} bytes are left`);
  const stands = countReads(a);
  world.runFor(HOUR);
  equal(stands(), 0, "nothing is read while it stands still");
  a.call("replication resync continue", VM);
  until(() => status(a)["state"] === "Replicating");
  ok(stands() >= left, "what is sent is read");
  ok(stands() <= left + RUN, `${stands()} bytes were read for ${left} that were left`);
  judge();
});

Deno.test("whatever guests write in a resynchronization forces no other one (M44)", () => {
  const { a, b, states, until, judge, world } = differing(452);
  let round = 0;
  /** All over the disk: what was compared, what was sent, what is on its way, and what is still to come. */
  const scribble = () => {
    round++;
    for (let at = 0; at < SIZE; at += 4 * RUN) {
      a.write("vm/0", at + (round * 12 * KiB) % (2 * RUN), filled(8 * KiB, round));
    }
  };
  a.call("replication resync start", VM);
  scribble();
  until(() => sent(a) >= DIFFERING / 4);
  scribble();
  world.net.partition("a", "b");
  world.runFor(2 * MINUTE);
  scribble();
  world.net.heal();
  world.runFor(5 * SECOND);
  a.call("replication resync pause", VM);
  until(() => status(a)["state"] === "ResynchronizeSuspended");
  scribble();
  a.call("replication resync continue", VM);
  while (status(a)["state"] !== "Replicating" && round < 1000) {
    scribble();
    world.runFor(SECOND);
  }
  ok(round > 5 && round < 1000, `${round} rounds`);
  scribble();
  const once = ["Resynchronizing", "ResynchronizeSuspended", "Resynchronizing", "Replicating"];
  deepEqual(states, once);
  // Cycles send what was written, and nothing is due: at the next ones, and behind a restart, as little.
  for (let hour = 0; hour < 3; hour++) {
    scribble();
    world.runFor(HOUR);
    if (hour !== 1) continue;
    b.host.kill();
    b.start();
  }
  deepEqual(states, once);
  equal(status(a)["resynchronization"], null);
  judge();
  deepEqual(states, once);
});
