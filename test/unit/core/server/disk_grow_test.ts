/**
 * Growing a disk while it is protected: in order with the writes, and at every crash (C6, M66).
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, type PointId, SECOND } from "../../../../engine/core/base/units.ts";
import { type Crash, crashAmid, everyCall, WAYS } from "./every_call.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const OLD = 64 * KiB;
const NEW = 160 * KiB;

function grow(a: Site, size: number, disk = 0): JsonObject {
  return a.call("vm disk grow", { vm: "vm", disk, size }) as JsonObject;
}

function cycle(a: Site): string {
  return (a.call("replication cycle", { vm: "vm" }) as JsonObject)["point"] as string;
}

/** What a failover to `point` offers as disk 0. */
function offered(b: Site, point: string): Uint8Array {
  b.call("failover start", { vm: "vm", point });
  const size = b.server?.exports.get("vm/0")?.disk.size ?? 0;
  const bytes = b.read("vm/0", 0, size);
  b.call("failover cancel", { vm: "vm" });
  return bytes;
}

function contents(a: Site): Uint8Array {
  const size = a.server?.exports.get("vm/0")?.disk.size ?? 0;
  return a.read("vm/0", 0, size);
}

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isFailed(error)) return error.code;
    throw error;
  }
  return "";
}

/** Two servers, a machine with three points: two before its disk grew, one behind. */
function grown(seed: number) {
  const { a, b, world } = makePair(seed, OLD);
  protect(a, { retention: "last 6" });
  a.write("vm/0", 0, filled(512, 1));
  const first = cycle(a);
  const before = contents(a);
  a.write("vm/0", 4 * KiB, filled(512, 2));
  assert.deepEqual(grow(a, NEW), { vm: "vm", name: "vm/0", before: OLD, size: NEW });
  a.write("vm/0", NEW - 512, filled(512, 3));
  const second = cycle(a);
  return { a, b, world, first, second, before };
}

Deno.test("a disk grows between two points: each has its own size and contents (C6, R6)", () => {
  const { a, b, first, second, before } = grown(1);
  assert.equal(a.server?.exports.get("vm/0")?.disk.size, NEW);
  assert.deepEqual(offered(b, second), contents(a));
  assert.deepEqual(offered(b, first), before);
  b.host.kill();
  b.start();
  assert.deepEqual(offered(b, first), before);
  a.write("vm/0", OLD, filled(1024, 4));
  assert.deepEqual(offered(b, cycle(a)), contents(a));
  assert.deepEqual(offered(b, first), before);
});

Deno.test("what is behind the old end is written at once, and travels with the growth", () => {
  const { a, b } = makePair(2, OLD);
  protect(a);
  grow(a, NEW);
  a.write("vm/0", OLD - 512, filled(2048, 9));
  a.host.kill();
  a.start();
  assert.equal(a.server?.exports.get("vm/0")?.disk.size, NEW);
  assert.deepEqual(offered(b, cycle(a)), contents(a));
});

Deno.test("a failover to a point from before the growth is completed with the size of that point", () => {
  for (const crash of [false, true]) {
    const { b, first, before } = grown(3);
    b.call("failover start", { vm: "vm", point: first });
    b.write("vm/0", 8 * KiB, filled(512, 7));
    const expected = before.slice();
    expected.fill(7, 8 * KiB, 8 * KiB + 512);
    b.call("failover complete", { vm: "vm" });
    if (crash) {
      b.host.kill();
      b.start();
    }
    const folder = b.host.data.path;
    assert.ok(folder !== "");
    const store = b.server?.replica.machine("vm").store;
    assert.deepEqual(store?.points.map(({ sizes }) => sizes), [[OLD]]);
    assert.equal(store?.diskFiles.length, 1);
    assert.deepEqual(b.file(store?.diskFiles[0] ?? ""), expected);
  }
});

Deno.test("retention merges across a growth, and what is left reads right (R7)", () => {
  const { a, b, first, before } = grown(4);
  for (let time = 0; time < 8; time++) {
    a.write("vm/0", time * 16 * KiB, filled(2048, 20 + time));
    cycle(a);
    if (time === 1) assert.deepEqual(read(b, first), before);
  }
  b.world.runWhile(() => true, 5 * SECOND);
  const points = b.server?.replica.points("vm") ?? [];
  assert.ok(points.length <= 7 && points.every(({ broken }) => broken === undefined));
  assert.deepEqual(offered(b, points.at(-1)?.id ?? ""), contents(a));
});

Deno.test("shrinking, an odd size and a disk that is not there are refused, and change nothing", () => {
  const { a, b, second } = grown(5);
  assert.equal(refused(() => grow(a, OLD)), "bad-argument");
  assert.equal(refused(() => grow(a, NEW + 100)), "bad-argument");
  assert.equal(refused(() => grow(a, NEW * 2, 1)), "no-such-disk");
  assert.equal(refused(() => grow(a, 0)), "bad-argument");
  assert.equal(refused(() => grow(b, NEW * 2)), "no-such-machine");
  assert.equal(refused(() => grow(a, NEW)), "", "the size that it has is no failure");
  assert.deepEqual(offered(b, second), contents(a));
});

Deno.test("an unprotected disk grows, and so does one whose server was down (C6)", () => {
  const { a, b } = makePair(6, OLD);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  grow(a, NEW);
  a.call("replication enable", { vm: "vm", to: "b:7700", frequency: 3600 * SECOND });
  a.call("replication start", { vm: "vm" });
  a.write("vm/0", NEW - 512, filled(512, 1));
  const first = cycle(a);
  assert.deepEqual(offered(b, first), contents(a));
  const before = contents(a);
  a.host.kill();
  a.host.disks.get("vm.img")?.node.grow(2 * NEW, a.host.wall());
  a.start();
  a.write("vm/0", 2 * NEW - 512, filled(512, 2));
  assert.deepEqual(offered(b, cycle(a)), contents(a));
  assert.deepEqual(offered(b, first), before);
});

/** A point as a view of the store has it, with no failover that would end the conversation. */
function read(b: Site, point: string): Uint8Array {
  const store = b.server?.replica.machine("vm").store;
  if (store === undefined) throw new Error("No replica");
  return b.host.run(function* () {
    const view = yield* store.view(point as PointId);
    const bytes = yield* view.read(0, 0, view.sizes[0] ?? 0);
    yield* view.close();
    return bytes;
  }());
}

Deno.test("a disk grows amid a delta whose suspected blocks are still compared: the point ends where it was cut", () => {
  // The last unit of the digest tree is not whole, and its run is compared behind the growth.
  const size = OLD - 4 * KiB;
  const { a, b, world } = makePair(7, size);
  protect(a);
  for (const way of [world.net.link("a", "b"), world.net.link("b", "a")]) {
    way.speed = { ...way.speed, latency: SECOND / 10 };
  }
  for (let at = 0; at < size; at += 8 * KiB) a.write("vm/0", at, filled(512, 1 + at / KiB));
  a.host.kill();
  a.start();
  const tracked = a.server?.primary.entry("vm").machine.tracked[0];
  assert.equal(
    tracked?.suspectedBytes,
    size / 2 + 2 * KiB,
    "the regions that were hot, the last one too",
  );
  const before = contents(a);
  const run = a.host.process?.loop.start(
    "cycle",
    a.server?.call("replication cycle", { vm: "vm" }) ?? assert.fail(),
  );
  const left = () => tracked?.view?.remainingBytes ?? size;
  world.runWhile(() => left() > size / 2, 10 * SECOND);
  grow(a, NEW);
  assert.ok(left() > 0 && left() < size / 2, "some are being compared, and some wait");
  world.runWhile(() => run?.outcome === undefined, 60 * SECOND);
  assert.ok(run?.outcome?.ok === true);
  const point = (run.outcome.value as JsonObject)["point"] as string;
  assert.deepEqual(read(b, point), before);
  a.write("vm/0", NEW - 512, filled(512, 99));
  assert.deepEqual(read(b, cycle(a)), contents(a));
});

/** Crashes `a` at a port call of growing, starts it again, and looks whether a point is right. */
function crashed(crash: Crash): boolean {
  const { a, b } = makePair(100 + crash.call, OLD);
  protect(a);
  a.write("vm/0", 512, filled(2048, 1));
  if (!crashAmid(a, crash, () => grow(a, NEW))) return false;
  a.start();
  if (crash.how === "kill") {
    // What the next process found of the growth must not go with the power.
    a.host.powerLoss();
    a.host.powerOn();
    a.start();
  }
  const size = a.server?.exports.get("vm/0")?.disk.size;
  const where = JSON.stringify(crash);
  assert.ok(size === OLD || size === NEW, `${size} bytes after ${where}`);
  a.write("vm/0", size - 512, filled(512, 5));
  assert.deepEqual(read(b, cycle(a)), contents(a), where);
  grow(a, NEW);
  a.write("vm/0", NEW - 1024, filled(512, 6));
  assert.deepEqual(read(b, cycle(a)), contents(a), `${where}, again`);
  return true;
}

Deno.test("a crash at any port call of growing leaves the old size or the new one, and no change lost (C6)", () => {
  const crashes = everyCall([...WAYS, ["after", "kill"]], crashed);
  assert.ok(crashes > 12, `${crashes} crashes`);
});

Deno.test("a disk that cannot be made durable in its new size has failed like behind any flush (T10)", () => {
  for (const tracked of [false, true]) {
    const { a } = makePair(79, OLD);
    if (tracked) protect(a);
    else a.call("vm add", { vm: "vm", disks: ["vm.img"] });
    a.write("vm/0", 0, filled(KiB, 1));
    const node = a.host.disks.get("vm.img")?.node;
    assert.ok(node !== undefined);
    node.volume.faults.failFlushes = 1;
    assert.equal(refused(() => grow(a, NEW)), "io-error");
    const flush = () => a.host.run(a.server?.exports.get("vm/0")?.disk.flush() ?? assert.fail());
    assert.notEqual(refused(flush), "", "what the failed flush covered may be lost");
  }
});
