/**
 * A first copy on media: exported while the guest writes, carried, imported; and every package refused that is not
 * exactly what the primary wrote (M25).
 *
 * @module
 */
// Long because: every way in which a package comes to its replica, and does not, has one stage.

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { type Failed, type FailureCode, isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import type { FileNode } from "../../../../engine/sim/volume.ts";
import {
  carry,
  exported,
  folderOf,
  prepared,
  sameAtBoth,
  settled,
  SIZE,
  state,
  status,
  VM,
} from "./media_stage.ts";
import { filled, makePair } from "./pair.ts";

Deno.test("what was exported is imported, and what changed meanwhile travels after it (M25)", () => {
  const pair = prepared(51);
  const { world, a, b } = pair;
  a.call("replication start", { vm: "vm", export: "/usb" });
  world.runFor(2000);
  for (let at = 0; at < 20; at++) a.write("vm/0", at * 40 * KiB, filled(700, 200));
  world.runWhile(() => state(a) !== "WaitingForInitialReplication", 600 * SECOND);
  const path = String((status(a)["initialReplication"] as JsonObject)["folder"]);
  match(path, /^\/usb\/vm_[0-9a-f]{32}$/);
  world.runFor(20 * SECOND);
  equal(state(b), "WaitingForInitialReplication", "the replica was told of it");
  equal(status(a)["bytesSent"], 0, "nothing travels in the package's place");
  equal(status(a)["rpoSeconds"], null);
  a.write("vm/0", 100 * KiB, filled(4096, 77));
  a.host.kill();
  a.start();
  carry(a, b);
  b.call("replication import", { path });
  equal(state(b), "Replicating");
  settled(pair);
  a.call("replication cycle", VM);
  ok(Number(status(a)["bytesSent"]) <= 16 * KiB, `${status(a)["bytesSent"]} bytes travelled`);
  sameAtBoth(a, b);
});

Deno.test("the primary hears of the import at once, however long its cycles are (M25)", () => {
  const pair = prepared(52, { frequency: 3600 * SECOND });
  const { world, a, b } = pair;
  const path = exported(pair);
  world.runFor(30 * SECOND);
  carry(a, b);
  b.call("replication import", { path });
  world.runWhile(() => state(a) !== "Replicating", 30 * SECOND);
  equal(state(a), "Replicating");
});

Deno.test("a package that is not exactly what was written is refused and changes nothing (M25)", () => {
  const pair = prepared(53);
  const { world, a, b } = pair;
  const path = exported(pair);
  world.runFor(20 * SECOND);
  carry(a, b);
  const folder = folderOf(b, path);
  const names = [...folder.entries.keys()].sort();
  ok(names.filter((name) => name.endsWith(".part")).length > 1, "it has several parts");
  const before = JSON.stringify(status(b));
  const refused = (how: string) => {
    throws(() => b.call("replication import", { path }), (error: Error) => {
      ok(isFailed(error, "damaged", "not-found"), `${how}: ${error.message}`);
      match(error.failure.action, /\w/);
      return true;
    });
    equal(JSON.stringify(status(b)), before, how);
  };
  for (const name of names) {
    const node = folder.entries.get(name) as FileNode;
    const { length } = node.sectors;
    // Every flipped bit is one too many: some of each file, the last and the first of them.
    for (const at of new Set([0, 9, 37, 61, 70, Math.floor(length / 2), length - 1])) {
      if (at >= length) continue;
      const [byte] = node.sectors.read(at, 1) as unknown as [number];
      node.sectors.damage(at, Uint8Array.of(byte ^ (1 << (at % 8))));
      refused(`a bit of ${name} at ${at}`);
      node.sectors.damage(at, Uint8Array.of(byte));
    }
    const last = node.sectors.read(length - 1, 1);
    node.sectors.truncate(length - 1);
    refused(`${name} cut short`);
    node.sectors.write(length - 1, last);
    node.sectors.write(length, Uint8Array.of(0));
    refused(`${name} made longer`);
    node.sectors.truncate(length);
    folder.entries.delete(name);
    refused(`${name} missing`);
    folder.entries.set(name, node);
  }
  folder.entries.set("0000099.part", folder.entries.get("0000001.part") as FileNode);
  refused("a part too many");
  folder.entries.delete("0000099.part");
  b.call("replication import", { path });
  settled(pair);
  throws(() => b.call("replication import", { path }), /exists: .*was imported already/);
  a.write("vm/0", 0, filled(512, 3));
  a.call("replication cycle", VM);
  sameAtBoth(a, b);
});

Deno.test("a package of another machine, of an earlier export, or older than what is here is refused (M25)", () => {
  const pair = prepared(54);
  const { world, a, b } = pair;
  a.host.addDisk("other.img", { size: MiB });
  a.call("vm add", { vm: "other", disks: ["other.img"] });
  a.call("replication enable", { vm: "other", to: "b:7700", frequency: 10 * SECOND });
  const path = exported(pair);
  a.host.addPlace("usb2");
  a.call("replication start", { vm: "other", export: "/usb2" });
  world.runFor(30 * SECOND);
  const packages = [...(a.host.places.get("usb2") as Directory).entries.keys()];
  const strange = `/usb2/${packages[0]}`;
  b.host.bringPlace("usb2", a.host.takePlace("usb2"));
  // Somebody renamed the machine in it.
  const other = b.host.places.get("usb2")!.entries.get(String(packages[0])) as Directory;
  const manifest = other.entries.get("manifest.json") as FileNode;
  const whole = manifest.sectors.read(0, manifest.sectors.length);
  const text = new TextDecoder().decode(whole).replace('"name":"other"', '"name":"vm"');
  manifest.sectors.truncate(0);
  manifest.sectors.write(0, new TextEncoder().encode(text));
  throws(() => b.call("replication import", { path: strange }), /wrong-disk: .*another machine/);
  // Exported again elsewhere: the one before is not the one that is waited for.
  a.host.addPlace("usb3");
  a.call("replication start", { vm: "vm", export: "/usb3" });
  world.runWhile(() => state(a) !== "WaitingForInitialReplication", 600 * SECOND);
  world.runFor(30 * SECOND);
  carry(a, b);
  throws(() => b.call("replication import", { path }), /stale: .*not the one that its primary/);
  throws(() => b.call("replication import", { path: "/usb" }), /not-found: No package is in \/usb/);
  throws(() => b.call("replication import", { path: "/nowhere" }), /not-found/);
  // In its place everything goes over the network.
  a.call("replication start", VM);
  a.call("replication cycle", VM);
  settled(pair);
  throws(() => b.call("replication import", { path }), /stale: .*older than what is here/);
  sameAtBoth(a, b);
});

Deno.test("an export that a crash cuts short goes on, and writes what was in whole parts once (M25, M27)", () => {
  const pair = prepared(55, {}, 4 * MiB);
  const { world, a, b } = pair;
  a.call("replication start", { vm: "vm", export: "/usb" });
  const place = a.host.places.get("usb") as Directory;
  const parts = () => {
    const [folder] = place.entries.values();
    return folder === undefined ? 0 : [...(folder as Directory).entries.keys()]
      .filter((name) => name.endsWith(".part")).length;
  };
  world.runWhile(() => parts() < 3, 60 * SECOND);
  a.host.powerLoss();
  a.host.powerOn();
  carry(a, b);
  const [name] = (b.host.places.get("usb") as Directory).entries.keys();
  throws(
    () => b.call("replication import", { path: `/usb/${name}` }),
    /damaged: .*not complete: its export was cut short/,
  );
  carry(b, a);
  a.start();
  equal(state(a), "InitialReplicationInProgress");
  a.write("vm/0", 0, filled(4096, 9));
  world.runWhile(() => state(a) !== "WaitingForInitialReplication", 600 * SECOND);
  equal(world.probes.get("export/resumed"), 1);
  const path = String((status(a)["initialReplication"] as JsonObject)["folder"]);
  world.runFor(20 * SECOND);
  carry(a, b);
  b.call("replication import", { path });
  settled(pair);
  a.call("replication cycle", VM);
  sameAtBoth(a, b, 4 * MiB);
});

Deno.test("an export is stopped while it runs, not once it has finished; a full medium loses nothing (M25)", () => {
  const pair = prepared(56, {}, 4 * MiB);
  const { world, a, b } = pair;
  a.host.takePlace("usb");
  a.host.addPlace("usb", 64 * KiB);
  a.call("replication start", { vm: "vm", export: "/usb" });
  world.runFor(SECOND);
  equal(state(a), "InitialReplicationInProgress");
  match(String(status(a)["warnings"]), /No room on the medium .* stop it and export to a larger/);
  throws(
    () => a.call("replication start", { vm: "vm", export: "/else" }),
    /wrong-state: .*under way \(export to \/usb\)/,
  );
  a.call("replication stop", VM);
  equal(state(a), "ReadyForInitialReplication");
  a.host.addPlace("large");
  a.call("replication start", { vm: "vm", export: "/large" });
  world.runWhile(() => state(a) !== "WaitingForInitialReplication", 600 * SECOND);
  throws(() => a.call("replication stop", VM), /wrong-state: The export of "vm" has finished/);
  const path = String((status(a)["initialReplication"] as JsonObject)["folder"]);
  world.runFor(20 * SECOND);
  b.host.bringPlace("large", a.host.takePlace("large"));
  b.call("replication import", { path });
  settled(pair);
  a.call("replication cycle", VM);
  sameAtBoth(a, b, 4 * MiB);
});

Deno.test("an export to what is not there, or cannot be written, is refused at once and changes nothing", () => {
  const { a, world } = prepared(70);
  const refused = (path: string, code: FailureCode, action: RegExp) => {
    throws(() => a.call("replication start", { vm: "vm", export: path }), (error: Failed) => {
      equal(error.code, code);
      match(error.failure.message, new RegExp(`Cannot export "vm" to ${path}: `));
      match(error.failure.action, action);
      return true;
    });
    equal(state(a), "ReadyForInitialReplication");
  };
  refused("/nowhere", "not-found", /Mount the medium, or make the folder/);
  refused("/usb/nowhere", "not-found", /Mount the medium, or make the folder/);
  a.host.addPlace("locked").volume.faults.readOnly = true;
  refused("/locked", "read-only", /name another folder/);
  a.call("replication start", { vm: "vm", export: "/usb" });
  world.runWhile(() => state(a) !== "WaitingForInitialReplication", 600 * SECOND);
  equal(state(a), "WaitingForInitialReplication");
});

Deno.test("an import at the primary is refused, and says where to carry the package and what to type there", () => {
  const pair = prepared(71);
  const { a, b, world } = pair;
  const path = exported(pair);
  throws(() => a.call("replication import", { path }), (error: Failed) => {
    equal(error.code, "no-such-machine");
    match(error.failure.message, /"vm" runs on this server, which is its primary/);
    match(error.failure.action, /replica server, b:7700.*"warmsite replication import PATH"/);
    return true;
  });
  equal(state(a), "WaitingForInitialReplication");
  world.runFor(30 * SECOND);
  carry(a, b);
  b.call("replication import", { path });
  equal(state(b), "Replicating");
  settled(pair);
});

/** Begins an import and loses power at the replica once two of its parts are durable in the disks. */
function cutShort(seed: number) {
  const pair = prepared(seed, {}, 4 * MiB);
  const { world, a, b } = pair;
  const path = exported(pair);
  world.runFor(20 * SECOND);
  carry(a, b);
  b.host.process!.loop.start("import", b.server!.call("replication import", { path }));
  const parts = () => b.server!.replica.machine("vm").record.media?.import?.parts ?? 0;
  world.runWhile(() => parts() < 2, 60 * SECOND);
  b.host.powerLoss();
  b.host.powerOn();
  b.start();
  equal(state(b), "WaitingForInitialReplication");
  a.write("vm/0", 3 * MiB, filled(4096, 9));
  return { ...pair, path, folder: folderOf(b, path) };
}

Deno.test("an import that a crash cuts short goes on where it stood (M25)", () => {
  const pair = cutShort(57);
  const { a, b, path, folder, world } = pair;
  const first = folder.entries.get("0000001.part") as FileNode;
  const last = [...folder.entries.keys()].filter((name) => name.endsWith(".part")).sort().at(-1);
  const { sectors } = folder.entries.get(last as string) as FileNode;
  const tail = sectors.read(sectors.length - 1, 1);
  sectors.damage(sectors.length - 1, Uint8Array.of((tail[0] ?? 0) ^ 1));
  // Of a medium that was damaged meanwhile nothing more is written.
  for (let tries = 0; tries < 2; tries++) {
    throws(() => b.call("replication import", { path }), /damaged: /);
    equal(b.server!.replica.machine("vm").record.media?.import?.parts, 2);
  }
  sectors.damage(sectors.length - 1, tail);
  // What is in the disks is not read again.
  first.sectors.damage(1000, Uint8Array.of((first.sectors.read(1000, 1)[0] ?? 0) ^ 1));
  b.call("replication import", { path });
  equal(world.probes.get("import/resumed"), 1);
  settled(pair);
  a.call("replication cycle", VM);
  sameAtBoth(a, b, 4 * MiB);
});

Deno.test("no network start takes half an import for its own, and no import goes on behind one (M25)", () => {
  for (const then of ["network", "network, then media"] as const) {
    const pair = cutShort(58);
    const { world, a, b } = pair;
    a.call("replication start", VM);
    if (then === "network, then media") {
      // Some of it has come over the network, and then another package.
      world.runWhile(() => b.server!.replica.machine("vm").seedingNow === false, 60 * SECOND);
      a.call("replication stop", VM);
      b.host.takePlace("usb");
      a.host.addPlace("usb");
      const path = exported(pair);
      world.runFor(30 * SECOND);
      carry(a, b);
      b.call("replication import", { path });
    }
    settled(pair);
    a.call("replication cycle", VM);
    equal(world.probes.get("import/resumed"), undefined);
    sameAtBoth(a, b, 4 * MiB);
  }
});

Deno.test("a disk that grows while the medium is on its way follows over the network, and the package is taken (M25, M66)", () => {
  // Told before the replica is made, and behind that.
  for (const met of [false, true]) {
    const pair = prepared(70);
    const { a, b, world } = pair;
    const path = exported(pair);
    if (met) world.runFor(30 * SECOND);
    a.call("vm disk grow", { vm: "vm", disk: 0, size: SIZE + 64 * KiB });
    a.write("vm/0", SIZE - 512, filled(1024, 9));
    world.runFor(30 * SECOND);
    carry(a, b);
    b.call("replication import", { path });
    const [first] = b.call("points list", VM) as JsonObject[];
    settled(pair);
    a.call("replication cycle", VM);
    // The point of the package has what was in it.
    b.call("failover start", { vm: "vm", point: first?.["id"] ?? "" });
    equal(b.server?.exports.get("vm/0")?.disk.size, SIZE);
    b.call("failover cancel", VM);
    sameAtBoth(a, b, SIZE + 64 * KiB);
    equal(world.violations[0], undefined);
  }
});

Deno.test("a package has no disk that is left out of replication, or was taken out", () => {
  const pair = makePair(69, SIZE);
  const { a, b, world } = pair;
  for (const name of ["two.img", "three.img", "four.img"]) a.host.addDisk(name, { size: MiB });
  a.call("vm add", { vm: "vm", disks: ["vm.img", "two.img", "three.img", "four.img"] });
  a.call("vm disk exclude", { vm: "vm", disk: 1 });
  a.call("vm disk remove", { vm: "vm", disk: 2 });
  for (const disk of [0, 1, 3]) a.write(`vm/${disk}`, 0, filled(KiB, disk + 1));
  a.call("replication enable", { vm: "vm", to: "b:7700", frequency: 10 * SECOND });
  a.host.addPlace("usb");
  const path = exported(pair);
  world.runFor(30 * SECOND);
  carry(a, b);
  b.call("replication import", { path });
  settled(pair);
  b.call("failover start", VM);
  for (const disk of [0, 3]) deepEqual(b.read(`vm/${disk}`, 0, MiB), a.read(`vm/${disk}`, 0, MiB));
  deepEqual(b.read("vm/1", 0, MiB), filled(MiB, 0), "an empty one in its place");
});
