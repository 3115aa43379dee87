/**
 * Machines that change sides and whose disks are not all alike: left out of replication, taken out, or
 * left behind by a machine that is gone.
 *
 * @module
 */
// Long because: every disk that is not like the others moves on the same stage.

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { Server } from "../../../../engine/core/server/server.ts";
import { replicaOf } from "../../../../engine/sim/scenario/machine_run.ts";
import { FileNode } from "../../../../engine/sim/volume.ts";
import { Directory } from "../../../../engine/sim/directory.ts";
import { filled, makePair, type Site, status, until } from "./pair.ts";

const VM = { vm: "vm" };
const SIZE = 32 * KiB;

/** A protected machine `vm` of two disks, `vm.img` and `two.img`. */
function stage(seed: number, excluded: readonly number[] = []) {
  const { a, b, world } = makePair(seed, SIZE);
  a.host.addDisk("two.img", { size: SIZE });
  a.call("vm add", { vm: "vm", disks: ["vm.img", "two.img"] });
  for (const disk of excluded) a.call("vm disk exclude", { ...VM, disk });
  const settings = { frequency: 3600 * SECOND, retention: "last 4" };
  a.call("replication enable", { ...VM, to: "b:7700", ...settings });
  a.call("replication start", VM);
  a.write("vm/0", 0, filled(1024, 1));
  a.write("vm/1", 0, filled(1024, 2));
  a.call("replication cycle", VM);
  return { a, b, world };
}

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

const whole = (site: Site, disk: number) => site.read(`vm/${disk}`, 0, SIZE);

Deno.test("an excluded disk stays left out where its machine moves, there and back, restarts and all (M65)", () => {
  for (const restart of [false, true]) {
    const { a, b } = stage(1, [1]);
    b.call("failover start", VM);
    b.write("vm/1", 0, filled(4 * KiB, 7));
    b.call("failover reverse", VM);
    b.call("replication cycle", VM);
    until(a, "Replicating");
    b.write("vm/1", 8 * KiB, filled(4 * KiB, 8));
    b.call("replication cycle", VM);
    if (restart) {
      a.host.kill();
      a.start();
      equal(a.server?.replica.machine("vm").store.suspect, false);
    }
    // What its guest kept on the stand-in over there is as little replicated as the disk was.
    const now = [whole(b, 0), new Uint8Array(SIZE)];
    a.call("failover start", VM);
    deepEqual([whole(a, 0), whole(a, 1)], now);
    a.call("failover reverse", VM);
    deepEqual([whole(a, 0), whole(a, 1)], now);
    deepEqual((status(a)["disks"] as JsonObject[]).map(({ replicated }) => replicated), [
      true,
      false,
    ]);
    // The file that was left out was nobody's but the administrator's.
    const file = a.host.disks.get("two.img")?.node.sectors.peek();
    deepEqual(file?.subarray(0, 4 * KiB), concat(filled(1024, 2), filled(3 * KiB, 0)));
  }
});

Deno.test("a disk that the new primary has taken out goes, and its file stays where it is", () => {
  const { a, b } = stage(2);
  // In order: nothing of it is suspected, and so nothing is kept for the administrator.
  a.host.run((a.server as Server).stop(), 60 * SECOND);
  a.host.kill();
  b.call("failover start", VM);
  b.call("failover reverse", { ...VM, retention: "last 2" });
  b.call("vm disk remove", { ...VM, disk: 1 });
  const file = () => a.host.disks.get("two.img")?.node.sectors.peek();
  const before = new Uint8Array(file() as Uint8Array);
  a.start();
  b.call("replication cycle", VM);
  until(a, "Replicating");
  // Until no point has the disk any more.
  for (let more = 0; more < 5; more++) b.call("replication cycle", VM);
  a.world.runFor(60 * SECOND);
  deepEqual(file(), before);
  // Whoever throws the file away loses a disk, and no replica.
  a.host.kill();
  a.host.disks.delete("two.img");
  a.start();
  equal(a.server?.replica.machine("vm").store.suspect, false);
  a.call("failover start", VM);
  deepEqual(whole(a, 0), whole(b, 0));
  deepEqual(a.server?.exports.list(), ["vm/0"]);
});

Deno.test("a disk that is added behind a failover, before the old primary follows, keeps that from nothing", () => {
  const { a, b } = stage(8);
  // It comes back with what nobody else has.
  a.write("vm/0", 8 * KiB, filled(1024, 3));
  a.host.run((a.server as Server).stop(), 60 * SECOND);
  a.host.kill();
  b.call("failover start", VM);
  b.call("failover reverse", VM);
  b.host.addDisk("three.img", { size: SIZE });
  b.call("vm disk add", { ...VM, disk: "three.img" });
  b.write("vm/2", 0, filled(1024, 5));
  a.start();
  until(a, "Replicating");
  until(b, "Replicating");
  b.call("replication cycle", VM);
  // What the two differ in is proved still: nothing is compared for it.
  ok((b.world.probes.get("primary/failback-by-delta") ?? 0) > 0);
  a.call("failover start", VM);
  deepEqual([0, 1, 2].map((disk) => whole(a, disk)), [0, 1, 2].map((disk) => whole(b, disk)));
});

Deno.test("a failover to what an old primary held last has an empty disk for one that was left out (M65)", () => {
  const { a, b, world } = stage(9, [1]);
  a.write("vm/0", 8 * KiB, filled(1024, 3));
  a.host.kill();
  b.call("failover start", VM);
  b.call("failover reverse", VM);
  a.start();
  world.runWhile(() => replicaOf(a.server as Server, "vm") === undefined, 60 * SECOND);
  b.host.kill();
  a.call("failover start", VM);
  deepEqual(a.server?.exports.list(), ["vm/0", "vm/1"]);
  deepEqual(whole(a, 1), filled(SIZE, 0));
  a.call("failover reverse", VM);
  const replicated = (status(a)["disks"] as JsonObject[]).map((disk) => disk["replicated"]);
  deepEqual(replicated, [true, false]);
  // The file that was left out was nobody's but the administrator's.
  const file = a.host.disks.get("two.img")?.node.sectors.peek();
  deepEqual(file?.subarray(0, 1024), filled(1024, 2));
});

Deno.test("an old primary that left a disk out holds no point that has it: all of that disk is sent (M65)", () => {
  for (const verb of ["exclude", "remove"]) {
    const { a, b } = stage(10);
    b.call("failover start", VM);
    a.call(`vm disk ${verb}`, { ...VM, disk: 1 });
    b.call("failover reverse", VM);
    until(a, "Replicating");
    until(b, "Replicating");
    b.call("replication cycle", VM);
    a.call("failover start", VM);
    deepEqual([whole(a, 0), whole(a, 1)], [whole(b, 0), whole(b, 1)], verb);
  }
});

Deno.test("a replica on adopted disks takes one more, and is there after a restart", () => {
  const { a, b } = stage(3);
  b.call("failover start", VM);
  b.call("failover reverse", VM);
  b.call("replication cycle", VM);
  until(a, "Replicating");
  b.host.addDisk("three.img", { size: SIZE });
  b.call("vm disk add", { ...VM, disk: "three.img" });
  b.write("vm/2", 0, filled(1024, 5));
  b.call("replication cycle", VM);
  a.host.kill();
  a.start();
  const points = (a.call("points list", VM) as JsonObject[]).length;
  b.call("replication cycle", VM);
  equal((a.call("points list", VM) as JsonObject[]).length, points + 1);
  a.call("failover start", VM);
  deepEqual([0, 1, 2].map((disk) => whole(a, disk)), [0, 1, 2].map((disk) => whole(b, disk)));
});

Deno.test("a replica whose adopted disk is not there is not forgotten", () => {
  const { a, b } = stage(4);
  b.call("failover start", VM);
  b.call("failover reverse", VM);
  a.world.runFor(60 * SECOND);
  equal(status(a)["role"], "replica");
  a.host.kill();
  const device = a.host.disks.get("two.img");
  a.host.disks.delete("two.img");
  a.start();
  match(
    String(status(a)["warnings"]),
    /Disk "two.img" of the replica is not there.*looked for every 10 s/,
  );
  throws(() => b.call("replication cycle", VM));
  a.host.world.runFor(60 * SECOND);
  equal(status(a)["state"], "Error");
  // No restart is needed once it is back.
  a.host.disks.set("two.img", device as NonNullable<typeof device>);
  a.host.world.runFor(20 * SECOND);
  equal(status(a)["state"], "Replicating");
  b.write("vm/1", 0, filled(1024, 7));
  b.call("replication cycle", VM);
  a.call("failover start", VM);
  equal(a.read("vm/1", 0, 1024)[0], 7);
});

Deno.test("a replica that is removed leaves its disks where they were, and no log of it beside them (L2)", () => {
  for (const restart of [false, true]) {
    const { a, b } = stage(6);
    b.call("failover start", VM);
    b.write("vm/0", 0, filled(1024, 3));
    b.call("failover reverse", VM);
    b.call("replication cycle", VM);
    until(a, "Replicating");
    b.host.kill();
    a.call("failover start", VM);
    a.write("vm/1", 0, filled(1024, 4));
    a.call("failover complete", VM);
    const logs = () => [...a.host.logs.entries.keys()];
    deepEqual(logs().toSorted(), ["two.img.hrl", "vm.img.hrl"]);
    if (restart) {
      a.host.kill();
      a.start();
    }
    const disks = ["vm.img", "two.img"].map((name) => a.host.disks.get(name)!.node);
    const before = disks.map((node) => node.sectors.peek().slice());
    a.call("replication disable", VM);
    deepEqual(logs(), []);
    a.host.powerLoss();
    deepEqual(logs(), [], "the removal was not durable");
    deepEqual(disks.map((node) => node.sectors.peek()), before);
  }
});

Deno.test("no replica is made over the disk files of a machine that ran in a storage location", () => {
  const { a, b } = makePair(5, SIZE);
  b.host.addPlace("one");
  b.call("server set", { location: "/one" });
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  const enable = { ...VM, to: "b:7700", frequency: 3600 * SECOND };
  a.call("replication enable", enable);
  a.call("replication start", VM);
  a.call("replication cycle", VM);
  a.host.kill();
  b.call("failover start", VM);
  b.write("vm/0", 0, filled(1024, 9));
  b.call("failover reverse", VM);
  b.call("replication disable", VM);
  b.call("vm remove", VM);
  const file = () => {
    const folder = (b.host.places.get("one") as Directory).entries.get("vm") as Directory;
    return (folder.entries.get("disk-0.raw") as FileNode).sectors.peek();
  };
  const before = new Uint8Array(file());
  equal(before[0], 9);
  a.start();
  a.call("replication disable", VM);
  a.call("replication enable", enable);
  a.call("replication start", VM);
  throws(() => a.call("replication cycle", VM), /In \/one\/vm lie the disk files/);
  // Elsewhere there is room for it, and it is found there again.
  b.call("server set", { location: null });
  if (status(a)["state"] === "Error") a.call("replication start", VM);
  a.call("replication cycle", VM);
  b.host.kill();
  b.start();
  equal(status(b)["state"], "Replicating");
  deepEqual(file(), before);
});

Deno.test("a disk that was taken out of a machine is no disk of its replica, wherever its file lies", () => {
  const { a, b } = stage(6);
  b.call("failover start", VM);
  b.call("failover reverse", VM);
  b.call("replication cycle", VM);
  until(a, "Replicating");
  const path = b.server?.primary.entry("vm").machine.disks[1]?.path as string;
  b.call("vm disk remove", { ...VM, disk: 1 });
  const before = new Uint8Array(b.file(path));
  equal(before[0], 2);
  b.call("replication cycle", VM);
  a.call("failover start", VM);
  a.call("failover reverse", VM);
  a.call("replication cycle", VM);
  until(b, "Replicating");
  for (let restarts = 0; restarts < 2; restarts++) {
    b.host.kill();
    b.start();
    deepEqual(b.file(path.replace("disk-1", "former-1")), before);
  }
  // It goes with nothing but the administrator's own word.
  throws(() => b.call("vm remove", VM), /is a disk that "vm" once had/);
  const folder = b.host.data.entries.get("replicas") as Directory;
  (folder.entries.get("vm") as Directory).entries.delete("former-1.raw");
  b.call("vm remove", VM);
});

Deno.test("a disk that was left out here keeps its file when its machine comes back, without what it kept elsewhere", () => {
  const { a, b } = stage(7);
  a.call("failover planned", VM);
  b.call("vm disk exclude", { ...VM, disk: 1 });
  b.write("vm/1", 0, filled(1024, 6));
  b.call("replication cycle", VM);
  const path = b.server?.primary.entry("vm").machine.disks[1]?.path as string;
  const before = new Uint8Array(b.file(path));
  b.call("failover planned", VM);
  deepEqual(whole(a, 1), filled(SIZE, 0));
  a.write("vm/1", 8 * KiB, filled(1024, 5));
  a.call("replication cycle", VM);
  a.call("failover planned", VM);
  deepEqual(whole(b, 1), filled(SIZE, 0));
  const former = path.replace("disk-1", "former-1");
  deepEqual(b.file(former), before);
});
