/**
 * What a package on media is worth to whoever finds it, and to whoever changes it: nothing. Its key travels over the
 * authenticated connection alone, and is gone when it is of no use any more (M25).
 *
 * @module
 */

import { deepEqual, equal, match, notDeepEqual, ok, throws } from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { fromHex, KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import { Directory } from "../../../../engine/sim/directory.ts";
import type { FileNode } from "../../../../engine/sim/volume.ts";
import {
  bytesOf,
  carry,
  exported,
  folderOf,
  overwrite,
  packageOf,
  type Prepared,
  prepared,
  sameAtBoth,
  settled,
  state,
  status,
  VM,
} from "./media_stage.ts";
import { filled, type Site } from "./pair.ts";

/** A manifest that is another one may be of another machine, or of another export. */
const OTHER = /^(damaged|wrong-disk|no-such-machine|stale): /;

/** Every file in `folder` and below it. */
function* filesIn(folder: Directory): Generator<readonly [string, FileNode]> {
  for (const [name, entry] of folder.entries) {
    if (entry instanceof Directory) yield* filesIn(entry);
    else yield [name, entry];
  }
}

/** The files in `folder` and below it in which `bytes` stand somewhere. */
function filesWith(folder: Directory, bytes: Uint8Array): string[] {
  const wanted = text(bytes);
  const found: string[] = [];
  for (const [name, { sectors }] of filesIn(folder)) {
    if (text(sectors.read(0, sectors.length)).includes(wanted)) found.push(name);
  }
  return found;
}

/** Bytes as a text that can be searched. */
function text(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** The key with which the primary seals, as 64 hex digits. */
function keyAt(a: Site): string {
  const key = a.server?.primary.entry("vm").machine.plan?.packageKey?.key;
  if (key === undefined) throw new Error("The primary has no key");
  return key;
}

/** The files of a site's data folder that hold the key. */
function keptAt({ host }: Site, key: string): string[] {
  return filesWith(host.data, new TextEncoder().encode(key));
}

/** Imports, and says what was refused. */
function refusal(b: Site, path: string): string {
  let refused = "";
  throws(() => b.call("replication import", { path }), (error: Error) => {
    ok(isFailed(error), error.message);
    match(error.failure.action, /\w/);
    refused = `${error.failure.code}: ${error.failure.message} ${error.failure.action}`;
    return true;
  });
  return refused;
}

/** A complete package of a very small machine, carried to the replica, which knows its key. */
function small(seed: number): Prepared & { readonly path: string; readonly folder: Directory } {
  const pair = prepared(seed, {}, 8 * KiB);
  const path = exported(pair);
  pair.world.runFor(20 * SECOND);
  carry(pair.a, pair.b);
  return { ...pair, path, folder: folderOf(pair.b, path) };
}

Deno.test("nothing that the disk holds, nor the key, lies on the medium (M25)", () => {
  const pair = prepared(81);
  const { a } = pair;
  // What compresses is looked for as well: each of its blocks is the same.
  a.write("vm/0", MiB, filled(256 * KiB, 0x5a));
  const path = exported(pair);
  const folder = folderOf(a, path);
  const { sectors } = a.host.disks.get("vm.img")!.node;
  for (let at = 0; at < MiB; at += 64 * KiB) {
    deepEqual(filesWith(folder, sectors.read(at + 1000, 16)), [], `what lies at ${at}`);
  }
  const bare = filled(64, 0x5a);
  deepEqual(filesWith(folder, bare), []);
  const key = keyAt(a);
  deepEqual(filesWith(folder, fromHex(key) as Uint8Array), []);
  deepEqual(filesWith(folder, new TextEncoder().encode(key)), []);
  deepEqual(keptAt(a, key), ["machine.json"], "the primary keeps it");
});

Deno.test("every byte of a package that is another one has it refused, and changes nothing (M25, I45)", () => {
  const pair = small(82);
  const { a, b, path, folder } = pair;
  const disks = [...filesIn(b.host.data)].map(([, node]) => node);
  const before = JSON.stringify(status(b));
  const held = () => disks.map(({ sectors }) => text(sectors.read(0, sectors.length))).join();
  const there = held();
  let flipped = 0;
  for (const [name, { sectors }] of filesIn(folder)) {
    for (let at = 0; at < sectors.length; at++) {
      const byte = sectors.read(at, 1)[0] ?? 0;
      sectors.damage(at, Uint8Array.of(byte ^ (1 << (at % 8))));
      match(refusal(b, path), name === "manifest.json" ? OTHER : /^damaged: /, `${at} of ${name}`);
      sectors.damage(at, Uint8Array.of(byte));
      flipped++;
    }
  }
  ok(flipped > 4 * KiB, `${flipped} bytes`);
  equal(JSON.stringify(status(b)), before);
  equal(held(), there, "not a byte of the replica is another");
  b.call("replication import", { path });
  settled(pair);
  a.call("replication cycle", VM);
  sameAtBoth(a, b, 8 * KiB);
});

Deno.test("parts that change places, and a part as it was before a crash, are refused (M25)", () => {
  const pair = prepared(83, {}, 4 * MiB);
  const { world, a, b } = pair;
  a.call("replication start", { vm: "vm", export: "/usb" });
  const [folder] = (() => {
    world.runWhile(() => (a.host.places.get("usb") as Directory).entries.size === 0, 60 * SECOND);
    return [...(a.host.places.get("usb") as Directory).entries.values()] as [Directory];
  })();
  const parts = () => [...folder.entries.keys()].filter((name) => name.endsWith(".part")).sort();
  const indexed = () => {
    return folder.entries.has("parts.index") ? bytesOf(folder, "parts.index").length / 64 : 0;
  };
  // In part on the medium, and not in the index: it will be written again.
  const written = () => {
    const [name] = parts().slice(indexed());
    return name === undefined ? 0 : bytesOf(folder, name).length;
  };
  world.runWhile(() => indexed() === 0 || written() === 0, 60 * SECOND);
  const torn = parts()[indexed()] as string;
  const early = bytesOf(folder, torn);
  ok(early.length > 200, "records of it lie on the medium");
  a.host.kill();
  a.start();
  world.runWhile(() => state(a) !== "WaitingForInitialReplication", 600 * SECOND);
  equal(world.probes.get("export/resumed"), 1);
  const path = packageOf(a);
  world.runFor(20 * SECOND);
  carry(a, b);
  const late = bytesOf(folder, torn);
  // A nonce that sealed two contents would give both away: the salt with which all of them begin is another.
  notDeepEqual(late.subarray(48, 64), early.subarray(48, 64));
  const mixed = late.slice();
  mixed.set(early.subarray(0, Math.min(early.length, late.length)));
  overwrite(folder, torn, mixed);
  match(refusal(b, path), /^damaged: /);
  overwrite(folder, torn, late);
  const [first, second] = parts() as [string, string];
  const [one, two] = [bytesOf(folder, first), bytesOf(folder, second)];
  overwrite(folder, first, two);
  overwrite(folder, second, one);
  match(refusal(b, path), /^damaged: /);
  overwrite(folder, first, one);
  overwrite(folder, second, two);
  b.call("replication import", { path });
  settled(pair);
  a.call("replication cycle", VM);
  sameAtBoth(a, b, 4 * MiB);
});

Deno.test("a package opens with its own key alone (M25)", () => {
  const { a, b, path } = small(84);
  const machine = b.server!.replica.machine("vm");
  const { media } = machine.record;
  if (media?.key === undefined) throw new Error("The key has come");
  equal(media.key, keyAt(a));
  const other = media.key.replace(/^./, (digit) => digit === "0" ? "1" : "0");
  b.host.run(machine.noteMedia({ ...media, key: other }));
  match(refusal(b, path), /^damaged: .*0000001\.part is damaged at 80, or sealed with another key/);
  b.host.run(machine.noteMedia(media));
  b.call("replication import", { path });
  sameAtBoth(a, b, 8 * KiB);
});

Deno.test("an export needs no link; the import waits for the key, and says so (M25)", () => {
  const pair = prepared(85);
  const { world, a, b } = pair;
  world.runFor(30 * SECOND);
  world.net.partition("a", "b");
  const path = exported(pair);
  world.runFor(30 * SECOND);
  carry(a, b);
  match(refusal(b, path), /^no-such-machine: .*Connect the two servers/);
  world.net.heal();
  world.runFor(120 * SECOND);
  b.call("replication import", { path });
  settled(pair);
  sameAtBoth(a, b);
});

Deno.test("a package of an earlier version is refused, and says what to do (M25)", () => {
  const { b, path, folder } = small(86);
  const manifest = text(bytesOf(folder, "manifest.json")).replace('"format":2', '"format":1');
  overwrite(folder, "manifest.json", new TextEncoder().encode(manifest));
  match(refusal(b, path), /^damaged: .*neither encrypted nor signed. Export again at the primary/);
});

Deno.test("the key is gone at both once the package was imported (M25)", () => {
  const pair = small(87);
  const { a, b, path } = pair;
  const key = keyAt(a);
  deepEqual(keptAt(b, key).length > 0, true, "the replica keeps it until then");
  b.call("replication import", { path });
  deepEqual(keptAt(b, key), []);
  settled(pair);
  deepEqual(keptAt(a, key), []);
  a.call("replication cycle", VM);
  deepEqual(keptAt(b, key), []);
});

Deno.test("the key is gone once the package is not wanted: stopped, over the network, disabled (M25)", () => {
  const pair = small(88);
  const { world, a, b } = pair;
  const first = keyAt(a);
  a.call("replication start", VM);
  settled(pair);
  deepEqual([...keptAt(a, first), ...keptAt(b, first)], [], "everything went over the network");

  const stopped = prepared(89, {}, 4 * MiB);
  stopped.a.call("replication start", { vm: "vm", export: "/usb" });
  stopped.world.runWhile(
    () => stopped.a.server?.primary.entry("vm").machine.plan?.packageKey === undefined,
    60 * SECOND,
  );
  const second = keyAt(stopped.a);
  stopped.a.call("replication stop", VM);
  deepEqual(keptAt(stopped.a, second), [], "it was stopped");
  exported(stopped);
  const third = keyAt(stopped.a);
  notDeepEqual(third, second, "another package, another key");
  stopped.world.runFor(20 * SECOND);
  ok(keptAt(stopped.b, third).length > 0);
  stopped.b.call("replication disable", VM);
  stopped.a.call("replication disable", VM);
  deepEqual([...keptAt(stopped.a, third), ...keptAt(stopped.b, third)], [], "removed");
  world.runFor(SECOND);
});

Deno.test("no status tells the key (M25)", () => {
  const { a, b } = small(90);
  const key = keyAt(a);
  for (const site of [a, b]) {
    for (const [verb, args] of [["replication status", VM], ["vm list", {}]] as const) {
      const told = JSON.stringify(site.call(verb, args as JsonObject));
      ok(!told.includes(key), `${verb} at ${site.settings.name}`);
    }
  }
});
