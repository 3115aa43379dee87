/**
 * What a resynchronization puts on the wire, counted by the simulated network, for random differences of a disk with
 * the blocks of a real server: the law of L2. And what a slow link makes of its round trips.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, MILLISECOND, SECOND } from "../../../../engine/core/base/units.ts";
import { SimWorld } from "../../../../engine/sim/world.ts";
import { markUnits } from "../../../../engine/sim/storage_io.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { protect, Site } from "../server/pair.ts";
import { Random } from "../tracking/fake_world.ts";

const VM = { vm: "vm" };
const SIZE = 64 * MiB;
const BLOCK = 4 * KiB;
/** Handshakes and cuts, and what a disk this small may spend on digests of blocks beyond its share. */
const SLACK = 96 * KiB;

/** Two servers with blocks of 4 KiB and a disk that is full of contents that do not compress. */
function pair(seed: number): { world: SimWorld; a: Site; b: Site } {
  const world = new SimWorld({ seed, kernel: loadKernel() });
  const a = new Site(world, "a");
  const b = new Site(world, "b");
  for (const site of [a, b]) {
    Object.assign(site.settings, { geometry: { blockSize: BLOCK, regionSize: 4 * MiB } });
  }
  const { node } = a.host.addDisk("vm.img", { size: SIZE });
  const noise = new Uint32Array(MiB / 4);
  const random = new Random(seed);
  for (let at = 0; at < SIZE; at += MiB) {
    for (let word = 0; word < noise.length; word++) noise[word] = random.below(0xffff_ffff);
    node.sectors.write(at, new Uint8Array(noise.buffer).slice());
    markUnits(node, at, MiB, true);
  }
  a.start();
  b.start();
  protect(a);
  world.runUntil(world.now + 5 * SECOND);
  return { world, a, b };
}

function moved(world: SimWorld): number {
  return [world.net.link("a", "b"), world.net.link("b", "a")]
    .reduce((sum, { bytes, packets }) => sum + bytes - 60 * packets, 0);
}

/** Changes blocks of the disk while its server is down and its log lost; returns which. */
function edit(a: Site, random: Random, blocks: Iterable<number>): Set<number> {
  a.host.run(a.server!.stop(), 60 * SECOND);
  a.host.kill();
  a.host.logs.unlink("vm.img.hrl");
  const { node } = a.host.disks.get("vm.img")!;
  const changed = new Set<number>();
  for (const block of blocks) {
    const content = new Uint32Array(BLOCK / 4);
    for (let word = 0; word < content.length; word++) content[word] = random.below(0xffff_ffff);
    node.sectors.write(block * BLOCK, new Uint8Array(content.buffer));
    changed.add(block);
  }
  node.changed++;
  a.start();
  return changed;
}

function* blocksOf(random: Random, kind: number): Generator<number> {
  const all = SIZE / BLOCK;
  if (kind === 1) {
    // One place, a few blocks here and there in it.
    const start = random.below(all - 64);
    for (let block = start; block < start + 64; block += 1 + random.below(4)) yield block;
  } else if (kind === 2) {
    for (let block = 0; block < all; block += 1 + random.below(300)) yield block;
  } else if (kind === 3) {
    for (let leaf = 0; leaf < all; leaf += 32) {
      for (let block = leaf; block < leaf + 16; block++) yield block;
    }
  }
}

Deno.test("what travels is at most the differing leaves, or blocks where few differ, and 0.1 % (L2, M41)", () => {
  const { world, a, b } = pair(601);
  const random = new Random(601);
  for (const kind of [0, 1, 2, 3]) {
    const before = moved(world);
    const changed = edit(a, random, blocksOf(random, kind));
    a.call("replication cycle", VM);
    const bytes = moved(world) - before;
    const leaves = new Set([...changed].map((block) => Math.floor(block / 16))).size;
    const regions = new Set([...changed].map((block) => Math.floor(block / 256))).size;
    const law = leaves * 64 * KiB + SIZE / 1000 + SLACK;
    ok(bytes <= law, `kind ${kind}: ${bytes} bytes for ${leaves} leaves`);
    if (regions <= 1) {
      const few = changed.size * BLOCK + SIZE / 1000 + SLACK;
      ok(bytes <= few, `kind ${kind}: ${bytes} bytes for ${changed.size} blocks`);
    }
    equal((a.call("replication status", VM) as JsonObject)["state"], "Replicating");
    world.runUntil(world.now + 5 * SECOND);
  }
  b.call("failover start", VM);
  for (let at = 0; at < SIZE; at += 4 * MiB) {
    deepEqual(b.read("vm/0", at, 64 * KiB), a.read("vm/0", at, 64 * KiB));
  }
});

Deno.test("a link of 50 ms hides behind what is compared", () => {
  const { world, a } = pair(602);
  for (const [from, to] of [["a", "b"], ["b", "a"]] as const) {
    const link = world.net.link(from, to);
    link.speed = { ...link.speed, latency: 25 * MILLISECOND };
  }
  const started = world.now;
  a.call("replication resync start", VM);
  world.runWhile(
    () => (a.call("replication status", VM) as JsonObject)["state"] === "Resynchronizing",
    600 * SECOND,
  );
  const seconds = (world.now - started) / SECOND;
  // Four megabytes in question at a time, as it was before there was a tree, would have taken 0.8 s.
  ok(seconds < 0.5, `${seconds} s for ${SIZE / MiB} MiB`);
});
