/**
 * The first copy of a disk that is added to a protected machine, beside the cycles of the others (M65).
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { RecoveryPoint } from "../../../../engine/core/history/recovery_point.ts";
import { contents, disksOf, filled, makePair, type Site, status, until } from "./pair.ts";

const VM = { vm: "vm" };
const SIZE = 32 * KiB;
const ADDED = 512 * KiB;
const FREQUENCY = 2 * SECOND;
/** So slow that a copy of the added disk takes eight cycles. */
const BANDWIDTH = 32 * KiB;

/** A protected machine, and the file of a large disk that is not one of it yet; every block of it tells its place. */
function stage(seed: number) {
  const { a, b, world } = makePair(seed, SIZE, 4 * KiB);
  a.host.addDisk("large.img", { size: ADDED });
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  const settings = { frequency: FREQUENCY, retention: "last 24", bandwidth: BANDWIDTH };
  a.call("replication enable", { vm: "vm", to: "b:7700", compression: false, ...settings });
  a.call("replication start", VM);
  a.write("vm/0", 0, filled(1024, 1));
  a.call("replication cycle", VM);
  return { a, b, world };
}

function add(a: Site): void {
  a.call("vm disk add", { vm: "vm", disk: "large.img" });
  // What its guest has of it before the copy has come far; noise, that nothing makes small.
  for (let at = 0; at < ADDED; at += 4 * KiB) a.write("vm/1", at, noise(4 * KiB, at));
}

function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let value = seed + 12345;
  for (let at = 0; at < length; at++) {
    value = (value * 1103515245 + 12345) % 2147483648;
    bytes[at] = value >>> 16;
  }
  return bytes;
}

function points(b: Site): readonly RecoveryPoint[] {
  return b.server?.replica.machine("vm").store.points ?? [];
}

/** Bytes of the added disk that no point has, as its status tells. */
function left(a: Site): number | undefined {
  const [, added] = status(a)["disks"] as JsonObject[];
  return added?.["firstCopyLeft"] as number | undefined;
}

/** Runs until the copy has less than `bytes` left. */
function copyTo(a: Site, bytes: number): void {
  for (let tries = 0; tries < 400 && (left(a) ?? 0) > bytes; tries++) a.world.runFor(SECOND / 4);
  ok((left(a) ?? 0) > 0, "the copy is under way");
}

/** The whole machine is at the replica. */
function finish(a: Site, b: Site): void {
  until(a, "Replicating");
  a.call("replication cycle", VM);
  deepEqual(disksOf(b, (points(b).at(-1) as RecoveryPoint).id), [contents(a, 0), contents(a, 1)]);
  equal(left(a), undefined);
  equal(a.world.violations[0], undefined);
}

Deno.test("while an added disk is copied the others get their points in time, and then all have it (M65)", () => {
  const { a, b, world } = stage(1);
  const first = points(b).length;
  add(a);
  const contents0: Uint8Array[] = [];
  let writes = 0;
  while (status(a)["state"] !== "Replicating") {
    a.write("vm/0", 2048, filled(512, ++writes));
    // Behind the sweep or before it: it is in the point with which the copy ends.
    a.write("vm/1", (writes * 7919 * 512) % ADDED, filled(512, writes));
    contents0.push(contents(a, 0));
    world.runFor(SECOND / 2);
    ok(writes < 200, "the copy ends");
  }
  const made = points(b).slice(first);
  const without = made.filter(({ sizes }) => sizes[1] === 0 || sizes[1] === undefined);
  ok(without.length >= 5, `${without.length} points while it was copied`);
  for (const [at, point] of without.entries()) {
    equal(point.arriving?.[1], ADDED);
    const before = without[at - 1];
    // One cycle, and what was on its way when it was due.
    if (before !== undefined) ok(point.cutAt - before.cutAt <= FREQUENCY + SECOND, `at ${at}`);
    const [held, added] = disksOf(b, point.id);
    equal(added, undefined);
    ok(contents0.some((each) => Buffer.from(each).equals(held ?? new Uint8Array())));
  }
  const tail = made.slice(without.length);
  ok(tail.length > 0 && tail.every(({ sizes }) => sizes[1] === ADDED));
  finish(a, b);
});

Deno.test("a crash of either side costs what no point has, and the copy goes on (M65)", () => {
  for (const [seed, crash] of ["primary", "replica", "power", "both"].entries()) {
    const { a, b } = stage(10 + seed);
    const before = status(a)["bytesSent"] as number;
    add(a);
    copyTo(a, ADDED / 2);
    let sent = (status(a)["bytesSent"] as number) - before;
    if (crash !== "primary") b.host.powerLoss();
    if (crash === "primary") a.host.kill();
    else if (crash !== "replica") a.host.powerLoss();
    for (const site of [a, b]) {
      if (site.host.power === "off") site.host.powerOn();
      if (site.host.process === undefined) site.start();
    }
    a.write("vm/0", 0, filled(1024, 3));
    ok((left(a) ?? 0) > 0 && (left(a) ?? 0) < ADDED, `${crash}: ${left(a)}`);
    if (crash === "replica") sent = 0;
    finish(a, b);
    const all = sent + (status(a)["bytesSent"] as number) - (crash === "replica" ? before : 0);
    ok(all < 1.5 * ADDED, `${crash}: ${all} bytes sent`);
  }
});

Deno.test("a failover amid the copy has an empty disk in its place, and cancelled changes nothing", () => {
  const { a, b } = stage(20);
  add(a);
  copyTo(a, ADDED / 2);
  b.call("failover start", VM);
  deepEqual(contents(b, 1), new Uint8Array(ADDED));
  b.write("vm/1", 0, filled(512, 8));
  b.call("failover cancel", VM);
  finish(a, b);
});

Deno.test("a failover amid the copy that is reversed goes on with an empty disk, which comes back", () => {
  const { a, b, world } = stage(21);
  add(a);
  copyTo(a, ADDED / 2);
  b.call("failover start", VM);
  b.write("vm/1", 512, filled(512, 9));
  const expected = [contents(b, 0), contents(b, 1)];
  b.call("failover reverse", { vm: "vm", retention: "last 3" });
  until(b, "Replicating");
  const follows = () => a.server?.replica.has("vm") === true && points(a).length > 0;
  for (let tries = 0; tries < 100 && !follows(); tries++) world.runFor(SECOND);
  b.call("replication cycle", VM);
  deepEqual(disksOf(a, (points(a).at(-1) as RecoveryPoint).id), expected);
});

Deno.test("a disk that is taken out or left out amid its copy leaves nothing behind", () => {
  for (const verb of ["remove", "exclude"] as const) {
    const { a, b, world } = stage(30);
    add(a);
    copyTo(a, ADDED / 2);
    const store = () => b.server?.replica.machine("vm").store;
    ok((store()?.rawDisks[1]?.disk.size ?? 0) === ADDED);
    a.call(`vm disk ${verb}`, { vm: "vm", disk: 1 });
    equal(status(a)["state"], "Replicating");
    a.call("replication cycle", VM);
    world.runFor(5 * SECOND);
    equal(store()?.rawDisks[1]?.disk.size, 0, "its file is gone");
    deepEqual(disksOf(b, (points(b).at(-1) as RecoveryPoint).id), [contents(a, 0), undefined]);
    if (verb === "remove") continue;
    a.call("vm disk exclude", { vm: "vm", disk: 1, off: true });
    finish(a, b);
  }
});

Deno.test("a copy that is paused goes on where it stood, and other disks come meanwhile", () => {
  const { a, b } = stage(40);
  a.host.addDisk("third.img", { size: SIZE });
  add(a);
  copyTo(a, ADDED / 2);
  a.call("replication pause", VM);
  equal(status(a)["state"], "Suspended");
  a.call("replication resume", VM);
  equal(status(a)["state"], "WaitingForUpdateCompletion");
  ok((left(a) ?? ADDED) <= ADDED / 2);
  a.call("vm disk add", { vm: "vm", disk: "third.img" });
  a.write("vm/2", 0, filled(512, 5));
  until(a, "Replicating");
  a.call("replication cycle", VM);
  const newest = points(b).at(-1) as RecoveryPoint;
  deepEqual(disksOf(b, newest.id), [0, 1, 2].map((disk) => contents(a, disk)));
});
