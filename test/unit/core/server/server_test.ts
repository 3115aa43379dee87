/**
 * The whole path of a write on two simulated servers: tracked, cut, shipped, staged, applied, failed
 * over; and what kills, power losses and full stores do to it.
 *
 * @module
 */

import { equal, match, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import type { FileNode } from "../../../../engine/sim/volume.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const CYCLE = { vm: "vm" };

/** Equal bytes; otherwise says where they first differ. */
function same(actual: Uint8Array, expected: Uint8Array): void {
  equal(actual.length, expected.length);
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  if (at >= 0) throw new Error(`At ${at} stands ${actual[at]}, expected ${expected[at]}`);
}

/** Content of the guest's disk as its host has it. */
function guestDisk({ host }: Site, size = MiB): Uint8Array {
  const node = host.disks.get("vm.img")?.node;
  if (node === undefined) throw new Error("No disk");
  return node.sectors.read(0, size);
}

/** Content of the replica's raw disk as its host has it. */
function replicaFile({ host }: Site): Uint8Array {
  let folder = host.data;
  for (const name of ["replicas", "vm"]) folder = folder.entries.get(name) as Directory;
  return (folder.entries.get("disk-0.raw") as FileNode).sectors.read(0, MiB);
}

/** Fails over at the newest point and reads the whole disk. */
function failedOver(b: Site, point?: string, size = MiB): Uint8Array {
  b.call("failover start", point === undefined ? CYCLE : { ...CYCLE, point });
  return b.read("vm/0", 0, size);
}

function newestPoint(b: Site): string {
  const points = b.call("points list", CYCLE) as JsonObject[];
  return points.at(-1)?.["id"] as string;
}

Deno.test("a written block is on the failed-over machine after a cycle", () => {
  const { a, b } = makePair(1);
  protect(a);
  a.write("vm/0", 4096, filled(1024, 7));
  a.call("replication cycle", CYCLE);
  same(failedOver(b).subarray(4096, 5120), filled(1024, 7));
});

Deno.test("a kill of the primary between write and cycle costs no block", () => {
  const { a, b } = makePair(2);
  protect(a);
  for (let at = 0; at < 40; at++) a.write("vm/0", at * 8 * KiB, filled(700, at + 1));
  a.host.kill();
  a.start();
  a.call("replication cycle", CYCLE);
  same(failedOver(b), guestDisk(a));
});

Deno.test("a power loss of the primary leaves a replica that is equal after the next cycle", () => {
  const { a, b } = makePair(3);
  protect(a);
  for (let at = 0; at < 40; at++) a.write("vm/0", at * 8 * KiB, filled(700, at + 1));
  a.host.powerLoss();
  a.host.powerOn();
  a.start();
  a.call("replication cycle", CYCLE);
  same(failedOver(b), guestDisk(a));
});

Deno.test("a replica that loses power keeps every point that was staged (I11)", () => {
  const { a, b } = makePair(4);
  protect(a);
  a.write("vm/0", 0, filled(64 * KiB, 3));
  const { point } = a.call("replication cycle", CYCLE) as { point: string };
  b.host.powerLoss();
  b.host.powerOn();
  b.start();
  equal(newestPoint(b), point);
  same(failedOver(b), guestDisk(a));
});

Deno.test("an older point is what it was, and cancelling loses nothing that was received", () => {
  const { a, b } = makePair(5);
  protect(a);
  a.write("vm/0", 0, filled(8 * KiB, 1));
  const first = (a.call("replication cycle", CYCLE) as { point: string }).point;
  const then = guestDisk(a);
  a.write("vm/0", 2 * KiB, filled(8 * KiB, 2));
  a.call("replication cycle", CYCLE);
  same(failedOver(b, first), then);
  b.write("vm/0", 0, filled(512, 9));
  same(b.read("vm/0", 0, 512), filled(512, 9));
  b.call("failover cancel", CYCLE);
  same(failedOver(b), guestDisk(a));
});

Deno.test("a failed-over machine survives a power loss of its server with all that was flushed", () => {
  const { a, b } = makePair(6);
  protect(a);
  const before = failedOver(b);
  b.write("vm/0", 100 * KiB, filled(3 * KiB, 5));
  const disk = b.server?.exports.get("vm/0")?.disk;
  b.host.run(disk!.flush());
  b.host.powerLoss();
  b.host.powerOn();
  b.start();
  before.set(filled(3 * KiB, 5), 100 * KiB);
  same(b.read("vm/0", 0, MiB), before);
  equal(
    (b.call("replication status", CYCLE) as JsonObject)["state"],
    "FailedOverWaitingCompletion",
  );
});

Deno.test("complete makes the disk files the machine, and the old primary is refused (L7)", () => {
  const { a, b, world } = makePair(7);
  protect(a, { frequency: 5 * SECOND });
  a.write("vm/0", 0, filled(8 * KiB, 1));
  const first = (a.call("replication cycle", CYCLE) as { point: string }).point;
  a.write("vm/0", 4 * KiB, filled(90 * KiB, 2));
  a.call("replication cycle", CYCLE);
  const expected = failedOver(b, first);
  b.write("vm/0", 50 * KiB, filled(777, 6));
  expected.set(filled(777, 6), 50 * KiB);
  const done = b.call("failover complete", CYCLE) as { files: string[] };
  equal(done.files.length, 1);
  same(replicaFile(b), expected);
  a.write("vm/0", 0, filled(512, 8));
  throws(() => a.call("replication cycle", CYCLE), /newer generation/);
  world.runUntil(world.now + 60 * SECOND);
  same(replicaFile(b), expected);
  equal((a.call("replication status", CYCLE) as JsonObject)["state"], "Error");
});

Deno.test("after complete the disk files are unlocked, also after a restart of the server (R9)", () => {
  const { a, b } = makePair(10);
  protect(a);
  failedOver(b);
  b.call("failover complete", CYCLE);
  for (let round = 0; round < 2; round++) {
    let folder = b.host.data;
    for (const name of ["replicas", "vm"]) folder = folder.entries.get(name) as Directory;
    equal((folder.entries.get("disk-0.raw") as FileNode).lockedBy, undefined);
    equal((b.call("replication status", CYCLE) as JsonObject)["state"], "FailedOver");
    equal((b.call("points list", CYCLE) as JsonObject[]).length, 1);
    // The first attempt behind the restart may only learn that its connection is gone.
    const attempt = () => a.call("replication cycle", CYCLE);
    throws(attempt, round === 0 ? /newer generation/ : /newer generation|connection-lost/);
    throws(attempt, /newer generation/);
    b.host.kill();
    b.start();
  }
});

Deno.test("a guest that overwrites the frozen view costs the view and never a block (C4)", () => {
  const { a, b, world } = makePair(8, 40 * MiB);
  protect(a);
  world.net.between("a", "b", (link) => link.speed = { ...link.speed, bandwidth: 10_000_000 });
  a.write("vm/0", 0, world.stream("guest").bytes(32 * MiB));
  const cycle = a.host.process!.loop.start(
    "cycle",
    a.server!.call("replication cycle", CYCLE),
  );
  world.runUntil(world.now + SECOND / 2);
  a.write("vm/0", 30 * MiB, world.stream("again").bytes(MiB));
  world.runWhile(() => cycle.outcome === undefined, 300 * SECOND);
  ok(cycle.outcome?.ok === true);
  a.call("replication cycle", CYCLE);
  same(failedOver(b, undefined, 40 * MiB), guestDisk(a, 40 * MiB));
  const status = a.call("replication status", CYCLE) as JsonObject;
  ok((status["viewsGivenUp"] as number) > 0);
});

Deno.test("after a partition replication goes on by itself, a staged point is not sent twice", () => {
  const { a, b, world } = makePair(9);
  protect(a, { frequency: 2 * SECOND });
  world.net.partition("a", "b");
  a.write("vm/0", 9 * KiB, filled(9 * KiB, 4));
  world.runUntil(world.now + 120 * SECOND);
  equal((a.call("replication status", CYCLE) as JsonObject)["health"], "Critical");
  world.net.heal();
  world.runUntil(world.now + 10 * SECOND);
  const { health, warnings } = a.call("replication status", CYCLE) as JsonObject;
  equal(health, "Warning");
  match(String(warnings), /^More than 20 percent of the cycles/);
  same(failedOver(b), guestDisk(a));
});

Deno.test("a cycle asked for while one is about to cut is answered by that cut, and no other", () => {
  const { a, b, world } = makePair(11);
  protect(a);
  world.runUntil(world.now + 10 * SECOND);
  const before = (b.call("points list", CYCLE) as JsonObject[]).length;
  a.call("replication cycle", CYCLE);
  world.runUntil(world.now + 10 * SECOND);
  equal((b.call("points list", CYCLE) as JsonObject[]).length, before + 1);
  equal(before, 1);
});

Deno.test("an image of another format, or of another machine, is not taken for a raw disk", () => {
  const { a } = makePair(12);
  a.host.addDisk("guest.qcow2", { size: MiB });
  a.host.disks.get("guest.qcow2")?.node.sectors.write(0, Uint8Array.of(0x51, 0x46, 0x49, 0xfb));
  throws(() => a.call("vm add", { vm: "q", disks: ["guest.qcow2"] }), /qcow2 image, not a raw one/);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  throws(() => a.call("vm add", { vm: "other", disks: ["vm.img"] }), /a disk of machine "vm"/);
});

Deno.test("a staged point is listed at once, not applied, and can be failed over to at once", () => {
  const { a, b, world } = makePair(18);
  protect(a);
  a.write("vm/0", 0, filled(64 * KiB, 3));
  a.host.process!.loop.start("cycle", a.server!.call("replication cycle", CYCLE));
  const newest = () => (b.call("points list", CYCLE) as JsonObject[]).at(-1);
  const first = newest()?.["id"];
  world.runWhile(() => b.server!.replica.points("vm").at(-1)?.id === first, 60 * SECOND);
  const { id, applied } = newest() as JsonObject;
  equal(applied, false);
  equal((b.call("failover start", CYCLE) as JsonObject)["point"], id);
  same(b.read("vm/0", 0, MiB), guestDisk(a));
});

Deno.test("a recovery point may be named by its first digits when no other begins so", () => {
  const { a, b } = makePair(13);
  protect(a);
  const point = newestPoint(b);
  throws(() => b.call("failover start", { ...CYCLE, point: point.slice(0, 7) }), /Not the id/);
  const { point: chosen } = b.call("failover start", {
    ...CYCLE,
    point: point.slice(0, 8),
  }) as JsonObject;
  equal(chosen, point);
});

Deno.test("a failover at the replica stands in the primary's status at once, and so does its end", () => {
  const { a, b, world } = makePair(14);
  protect(a);
  world.runUntil(world.now + 10 * SECOND);
  const points = (b.call("points list", CYCLE) as JsonObject[]).length;
  b.call("failover start", CYCLE);
  world.runUntil(world.now + SECOND);
  const status = a.call("replication status", CYCLE) as JsonObject;
  equal(status["state"], "Replicating", "it may still be cancelled (L5)");
  equal(typeof status["lastApplied"], "number", "what the lost channel told is still known");
  equal(status["health"], "Critical");
  match((status["warnings"] as string[]).join(), /failed over.*Cancel the failover at the replica/);
  b.call("failover cancel", CYCLE);
  world.runUntil(world.now + 70 * SECOND);
  equal((a.call("replication status", CYCLE) as JsonObject)["health"], "Normal");
  equal((b.call("points list", CYCLE) as JsonObject[]).length, points + 1, "one cycle to catch up");
});
