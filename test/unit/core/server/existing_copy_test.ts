/**
 * A first copy from files that are at the replica already: only what differs travels, and what does not fit is
 * refused with both sizes (M26).
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import { markUnits } from "../../../../engine/sim/storage_io.ts";
import type { FileNode } from "../../../../engine/sim/volume.ts";
import { filled, makePair, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const SIZE = 4 * MiB;

/** Bytes that do not compress and are everywhere otherwise. */
function rough(length: number, salt: number): Uint8Array {
  let state = salt >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** Durable contents, as they were before any server ran. */
function put(node: FileNode, data: Uint8Array): void {
  node.sectors.write(0, data);
  node.sectors.persist(node.sectors.mark());
  markUnits(node, 0, data.length, true);
}

/** A pair whose guest's disk holds something, and a file at `b` that holds the same but for `stale` places. */
function withCopy(seed: number, stale: readonly number[], size = SIZE, settings: JsonObject = {}) {
  const pair = makePair(seed, SIZE);
  const { a, b } = pair;
  const content = rough(SIZE, seed);
  put(a.host.disks.get("vm.img")!.node, content);
  const copy = new Uint8Array(size);
  copy.set(content.subarray(0, Math.min(size, SIZE)));
  for (const at of stale) copy.fill(0xee, at, at + 512);
  put(b.host.addDisk("copy.img", { size }).node, copy);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  a.call("replication enable", {
    vm: "vm",
    to: "b:7700",
    frequency: 3600 * SECOND,
    compression: false,
    ...settings,
  });
  return pair;
}

function take(b: Site, more: JsonObject = {}): JsonObject {
  const args = { vm: "vm", asReplica: true, disks: ["copy.img"], ...more };
  return b.call("replication enable", args) as JsonObject;
}

function start(a: Site): void {
  a.call("replication start", { vm: "vm", existingCopy: true });
}

/** A cycle; one that met a connection to a server that died is asked for again. */
function cycle(a: Site): void {
  try {
    a.call("replication cycle", VM);
  } catch (error) {
    if (!isFailed(error, "connection-lost")) throw error;
    a.call("replication cycle", VM);
  }
}

function status(site: Site): JsonObject {
  return site.call("replication status", VM) as JsonObject;
}

function sameAtBoth(a: Site, b: Site): void {
  b.call("failover start", VM);
  deepEqual(b.read("vm/0", 0, SIZE), a.host.disks.get("vm.img")!.node.sectors.read(0, SIZE));
}

Deno.test("only what differs from the copy travels, and the copy's file is the replica's disk (M26)", () => {
  const stale = [0, 512 * KiB, 512 * KiB + 512, SIZE - 512];
  const { a, b } = withCopy(41, stale);
  const waiting = take(b);
  equal(waiting["state"], "WaitingForInitialReplication");
  match(String(waiting["warnings"]), /start it there with "warmsite replication start vm --exist/);
  start(a);
  a.write("vm/0", 64 * KiB, filled(2048, 7));
  a.call("replication cycle", VM);
  const { bytesSent } = status(a);
  const differing = stale.length * 512 + 2048;
  const told = `${bytesSent} bytes for ${differing} that differ`;
  ok(Number(bytesSent) <= 1.01 * differing, told);
  equal(status(b)["state"], "Replicating");
  const file = b.host.disks.get("copy.img")!.node.sectors.read(0, SIZE);
  deepEqual(file, a.host.disks.get("vm.img")!.node.sectors.read(0, SIZE));
  sameAtBoth(a, b);
});

Deno.test("a copy of another size is refused with both sizes, and neither side loses anything (M26)", () => {
  const { a, b } = withCopy(42, [], SIZE + 64 * KiB);
  take(b);
  const before = b.host.disks.get("copy.img")!.node.sectors.read(0, SIZE);
  start(a);
  throws(
    () => a.call("replication cycle", VM),
    new RegExp(`has ${SIZE + 64 * KiB} bytes in "copy.img", and disk 0 ${SIZE} bytes`),
  );
  deepEqual(b.host.disks.get("copy.img")!.node.sectors.read(0, SIZE), before);
  equal((b.call("vm list") as JsonObject[]).length, 1, "it waits on");
  b.call("replication disable", VM);
  deepEqual(b.call("vm list"), []);
});

Deno.test("a start from a copy that is not there sends nothing and says what to do (M26)", () => {
  const { a, b } = withCopy(43, [4096]);
  start(a);
  throws(() => a.call("replication cycle", VM), /not-found: No copy of "vm" is at the replica/);
  deepEqual(b.call("vm list"), [], "no replica was made");
  equal(status(a)["bytesSent"], 0);
  take(b);
  // What was refused is tried again once there is a copy.
  if (status(a)["state"] === "Error") a.call("replication start", { vm: "vm", existingCopy: true });
  a.call("replication cycle", VM);
  sameAtBoth(a, b);
});

Deno.test("a copy waits over restarts, for the server that was named and no other (M26)", () => {
  const { a, b } = withCopy(44, [8192]);
  take(b, { from: "c" });
  b.host.kill();
  b.start();
  equal(status(b)["primary"], "c");
  start(a);
  throws(() => a.call("replication cycle", VM), /unauthorized: .*of a machine of "c", not of "a"/);
  b.call("replication disable", VM);
  take(b, { from: "a" });
  b.host.powerLoss();
  b.host.powerOn();
  b.start();
  a.call("replication start", { vm: "vm", existingCopy: true });
  cycle(a);
  sameAtBoth(a, b);
});

Deno.test("what is no raw image, is in use, or is a copy already is refused (M26)", () => {
  const { a, b } = withCopy(45, []);
  const container = b.host.addDisk("box.img", { size: MiB });
  put(container.node, Uint8Array.of(0x51, 0x46, 0x49, 0xfb));
  throws(() => take(b, { disks: ["box.img"] }), /it is a qcow2 image, not a raw one/);
  throws(() => take(b, { disks: ["gone.img"] }), /not-found/);
  throws(() => take(b, { disks: ["copy.img", "copy.img"] }), /Too many disks, or one twice/);
  take(b);
  throws(() => take(b), /exists: A machine "vm" is at this server/);
  throws(() => take(b, { vm: "VM" }), /exists: A machine "vm" is at this server/);
  throws(() => take(b, { vm: "other" }), /"copy.img" is the copy of "vm"/);
  throws(() => b.call("vm add", { vm: "vm", disks: ["box.img"] }), /exists/);
  throws(() => take(a, { disks: ["vm.img"] }), /exists: A machine "vm" is at this server/);
  throws(() => take(a, { vm: "x", disks: ["vm.img"] }), /locked/);
});

Deno.test("a comparison that a crash of either side interrupts goes on, and sends what differs once (M26, M27)", () => {
  for (const who of ["a", "b"] as const) {
    const stale = Array.from({ length: 64 }, (_, index) => index * 64 * KiB);
    const pair = withCopy(46, stale, SIZE, { bandwidth: 400_000 });
    const { world, a, b } = pair;
    take(b);
    start(a);
    world.runWhile(() => Number(status(a)["bytesSent"]) < 16 * 512, 60 * SECOND);
    const sent = Number(status(a)["bytesSent"]);
    ok(sent < 64 * 512, "it was amid the comparison");
    pair[who].host.kill();
    pair[who].start();
    cycle(a);
    const after = Number(status(a)["bytesSent"]);
    const all = who === "a" ? sent + after : after;
    ok(all <= 2 * 64 * 512 + SIZE / 100, `${all} bytes in all`);
    sameAtBoth(a, b);
  }
});

Deno.test("a copy has the disks that are replicated, whatever others the machine has (M26)", () => {
  const pair = makePair(79, SIZE);
  const { a, b } = pair;
  for (const name of ["two.img", "three.img", "four.img"]) a.host.addDisk(name, { size: SIZE });
  a.call("vm add", { vm: "vm", disks: ["two.img", "vm.img", "three.img", "four.img"] });
  a.call("vm disk exclude", { vm: "vm", disk: 0 });
  a.call("vm disk remove", { vm: "vm", disk: 2 });
  a.write("vm/1", 0, rough(4096, 1));
  a.write("vm/3", 0, rough(4096, 2));
  a.call("replication enable", { vm: "vm", to: "b:7700", frequency: 3600 * SECOND });
  for (const name of ["copy.img", "other.img"]) b.host.addDisk(name, { size: SIZE });
  take(b, { disks: ["copy.img", "other.img"] });
  start(a);
  cycle(a);
  b.host.kill();
  b.start();
  equal(b.server?.replica.machine("vm").store.suspect, false);
  b.call("failover start", VM);
  for (const disk of [1, 3]) {
    deepEqual(b.read(`vm/${disk}`, 0, SIZE), a.read(`vm/${disk}`, 0, SIZE));
  }
});
