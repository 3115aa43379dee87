/**
 * Verification through the verb: equality is proved while guest and replication go on, silent damage of the
 * replica's raw disk is named to the block, and the next cycle repairs it (M46).
 *
 * @module
 */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import { FileNode } from "../../../../engine/sim/volume.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const SIZE = MiB;

/** The replica's raw disk, found by its size: the disk of the machine is the only file that is as large. */
function rawDisk(site: Site): FileNode {
  const todo: Directory[] = [site.host.data];
  for (let directory = todo.pop(); directory !== undefined; directory = todo.pop()) {
    for (const [name, entry] of directory.entries) {
      if (entry instanceof FileNode) {
        if (name.startsWith("disk") && entry.sectors.length === SIZE) return entry;
      } else todo.push(entry);
    }
  }
  throw new Error("No raw disk");
}

function verified(site: Site): JsonObject {
  return site.call("replication verify", VM) as JsonObject;
}

function written(seed: number, settings: JsonObject = {}) {
  const pair = makePair(seed, SIZE);
  protect(pair.a, settings);
  for (let at = 0; at < SIZE; at += 32 * KiB) {
    pair.a.write("vm/0", at, pair.world.stream(`w/${at}`).bytes(20 * KiB));
  }
  pair.a.call("replication cycle", VM);
  pair.world.runUntil(pair.world.now + 2 * SECOND);
  return pair;
}

Deno.test("a replica in order is proved to be, whatever its disk has", () => {
  const { a, world } = written(501);
  const found = verified(a);
  equal(found["equal"], true);
  equal(found["comparedBytes"], SIZE);
  deepEqual(found["differences"], []);
  equal(typeof found["point"], "string");
  equal(world.violations[0], undefined);
});

Deno.test("silent damage of the replica's disk is named to the block and repaired by the next cycle", () => {
  const { a, b, world } = written(502);
  const raw = rawDisk(b);
  // One bit each, in blocks that the delta has long been applied to.
  raw.rot(3 * 512 + 7, 3);
  raw.rot(300 * KiB, 0);
  raw.rot(300 * KiB + 512, 1);
  raw.rot(1011 * KiB + 511, 7);
  const found = verified(a);
  equal(found["equal"], false);
  deepEqual(found["differences"], [
    { disk: 0, at: 3 * 512, length: 512 },
    { disk: 0, at: 300 * KiB, length: 1024 },
    { disk: 0, at: 1011 * KiB, length: 512 },
  ]);
  equal(found["differingBytes"], 4 * 512);
  equal(found["ranges"], 3);
  a.call("replication cycle", VM);
  equal(verified(a)["equal"], true);
  b.call("failover start", VM);
  deepEqual(b.read("vm/0", 0, SIZE), a.read("vm/0", 0, SIZE));
  equal(world.violations[0], undefined);
});

Deno.test("what differs stays marked over a crash of the primary", () => {
  const { a, b } = written(503);
  rawDisk(b).rot(64 * KiB, 2);
  equal(verified(a)["equal"], false);
  a.host.powerLoss();
  a.host.powerOn();
  a.start();
  a.call("replication cycle", VM);
  equal(verified(a)["equal"], true);
});

Deno.test("a guest that writes all the time is neither held nor reported as damage", () => {
  const { a, world } = written(504, { frequency: 2 * SECOND });
  const disk = a.server!.exports.get("vm/0")!.disk;
  let writes = 0;
  a.host.process!.scope.spawn(
    "guest",
    (function* () {
      for (;;) {
        yield* disk.write((writes * 12345 * 512) % SIZE, filled(512, writes++));
        yield* a.server!.ports.clock.sleep(700);
      }
    })(),
  );
  const found = verified(a);
  equal(found["equal"], true);
  ok(writes > 50, `${writes} writes`);
  ok((found["comparedBytes"] as number) > SIZE / 2);
  world.runUntil(world.now + MINUTE);
  equal(world.violations[0], undefined);
});

Deno.test("what cannot be verified says why", () => {
  const { a, b, world } = written(505);
  throws(() => b.call("replication verify", VM), /vm/);
  b.call("failover start", VM);
  throws(() => a.call("replication verify", VM), /failed over/);
  b.call("failover cancel", VM);
  world.net.partition("a", "b");
  throws(() => a.call("replication verify", VM));
  world.net.heal();
  world.runUntil(world.now + 10 * MINUTE);
  equal(verified(a)["equal"], true);
});

Deno.test("behind a disk that is not replicated the others are compared with their own", () => {
  const { a, b } = makePair(519, SIZE);
  for (const name of ["two.img", "three.img"]) a.host.addDisk(name, { size: 2 * SIZE });
  a.call("vm add", { vm: "vm", disks: ["two.img", "three.img", "vm.img"] });
  a.call("vm disk exclude", { vm: "vm", disk: 0 });
  a.call("replication enable", { vm: "vm", to: "b:7700", frequency: 3600 * SECOND });
  a.call("replication start", { vm: "vm" });
  for (const disk of [0, 1, 2]) a.write(`vm/${disk}`, 64 * KiB, filled(4 * KiB, disk + 1));
  a.call("replication cycle", VM);
  const found = verified(a);
  equal(found["equal"], true);
  equal(found["comparedBytes"], 3 * SIZE);
  a.world.runFor(2 * SECOND);
  rawDisk(b).rot(64 * KiB + 7, 3);
  deepEqual(verified(a)["differences"], [{ disk: 2, at: 64 * KiB, length: 512 }]);
  a.call("replication cycle", VM);
  equal(verified(a)["equal"], true);
});

Deno.test("what repairs a rotted block leaves digests that are those of the repaired disk (R6, M46)", () => {
  for (const how of ["verified", "resynchronized", "verified, and the server was killed"]) {
    const { a, b, world } = written(521);
    const store = () => b.server!.replica.machine("vm").store;
    const rotted = store().newest!.id;
    const digests = store().newest!.digests;
    rawDisk(b).rot(64 * KiB + 9, 4);
    rawDisk(b).rot(513 * KiB, 1);
    if (how === "resynchronized") {
      a.call("replication resync start", VM);
      world.runFor(10 * SECOND);
    } else equal(verified(a)["equal"], false);
    if (how.endsWith("killed")) {
      b.host.kill();
      b.start();
    }
    // Written over before it is repaired: the old contents are not those that the digests count.
    a.write("vm/0", 513 * KiB, filled(512, 77));
    a.call("replication cycle", VM);
    world.runFor(2 * SECOND);
    equal(store().newest!.applied, true);
    deepEqual(b.host.run(store().verify()), [], `${how}: the disks are what the digests say`);
    const before = store().points.find(({ id }) => id === rotted);
    if (before !== undefined) deepEqual(before.digests, digests, "a listed point never changes");
    // From there on they are moved on as ever.
    a.write("vm/0", 64 * KiB, filled(1024, 78));
    a.call("replication cycle", VM);
    world.runFor(2 * SECOND);
    deepEqual(b.host.run(store().verify()), [], how);
    equal(world.violations[0], undefined);
  }
});
