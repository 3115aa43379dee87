/**
 * Disks that are added to a protected machine, taken out of it and left out of replication (M65).
 *
 * @module
 */
// Long because: whatever is done to the set of disks is looked at on the same stage.

import assert from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, type PointId, SECOND } from "../../../../engine/core/base/units.ts";
import type { ReplicaStore } from "../../../../engine/core/history/replica_store.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { type Crash, crashAmid, everyCall, WAYS } from "./every_call.ts";
import { contents, disksOf, filled, makePair, type Site, until } from "./pair.ts";

const SIZE = 32 * KiB;
const OTHER = 48 * KiB;

function cycle(a: Site): PointId {
  return (a.call("replication cycle", { vm: "vm" }) as JsonObject)["point"] as PointId;
}

function call(a: Site, verb: string, args: JsonObject): string {
  try {
    a.call(`vm disk ${verb}`, { vm: "vm", ...args });
    return "";
  } catch (error) {
    if (isFailed(error)) return error.code;
    throw error;
  }
}

function state(a: Site): string {
  return (a.call("replication status", { vm: "vm" }) as JsonObject)["state"] as string;
}

/** A protected machine `vm` of two disks, and two files that are no disk of it yet. */
function stage(seed: number, exclude: readonly number[] = []) {
  const { a, b, world } = makePair(seed, SIZE);
  for (const name of ["two.img", "three.img"]) a.host.addDisk(name, { size: OTHER });
  a.call("vm add", { vm: "vm", disks: ["vm.img", "two.img"] });
  for (const disk of exclude) assert.equal(call(a, "exclude", { disk }), "");
  const settings = { frequency: 3600 * SECOND, retention: "last 4" };
  a.call("replication enable", { vm: "vm", to: "b:7700", ...settings });
  a.call("replication start", { vm: "vm" });
  a.write("vm/0", 0, filled(1024, 1));
  a.write("vm/1", 512, filled(1024, 2));
  return { a, b, world, first: cycle(a) };
}

function fileNames(b: Site): string[] {
  const store = b.server?.replica.machine("vm").store;
  return (store?.rawDisks ?? []).flatMap(({ disk, stem }) => disk.size > 0 ? stem : []);
}

Deno.test("a disk that is added is in every point from its first on, and changes no other's (M65)", () => {
  const { a, b, first } = stage(1);
  const before = disksOf(b, first);
  assert.equal(call(a, "add", { disk: "three.img" }), "");
  a.write("vm/2", 0, filled(512, 3));
  const second = cycle(a);
  assert.equal(state(a), "Replicating");
  assert.deepEqual(disksOf(b, first), before);
  assert.deepEqual(disksOf(b, second), [0, 1, 2].map((disk) => contents(a, disk)));
  a.host.kill();
  a.start();
  b.host.powerLoss();
  b.host.powerOn();
  b.start();
  a.write("vm/2", OTHER - 512, filled(512, 4));
  assert.deepEqual(disksOf(b, cycle(a)), [0, 1, 2].map((disk) => contents(a, disk)));
  assert.deepEqual(disksOf(b, first), before);
});

Deno.test("a failover to a point from before a disk has an empty one in its place", () => {
  const { a, b, first } = stage(2);
  call(a, "add", { disk: "three.img" });
  a.write("vm/2", 0, filled(512, 3));
  cycle(a);
  b.call("failover start", { vm: "vm", point: first });
  assert.deepEqual(contents(b, 2), new Uint8Array(OTHER));
  b.write("vm/2", 1024, filled(512, 9));
  const expected = [0, 1, 2].map((disk) => contents(b, disk));
  b.call("failover complete", { vm: "vm" });
  const files = b.server?.replica.machine("vm").store.diskFiles ?? [];
  assert.deepEqual(files.map((file) => b.file(file)), expected);
});

Deno.test("a disk that is removed leaves a gap; older points have it until they go, and its file with them", () => {
  const { a, b, first } = stage(3);
  call(a, "add", { disk: "three.img" });
  a.write("vm/2", 0, filled(512, 3));
  const second = cycle(a);
  const old = disksOf(b, second);
  assert.equal(call(a, "remove", { disk: 1 }), "");
  assert.equal(a.server?.exports.get("vm/1"), undefined);
  a.write("vm/2", 512, filled(512, 4));
  const third = cycle(a);
  assert.deepEqual(disksOf(b, third), [contents(a, 0), undefined, contents(a, 2)]);
  assert.deepEqual(disksOf(b, second), old);
  assert.deepEqual(disksOf(b, first).length, 2);
  b.call("failover start", { vm: "vm" });
  assert.deepEqual(["vm/0", "vm/1", "vm/2"].map((name) => b.server?.exports.get(name)?.disk.size), [
    SIZE,
    undefined,
    OTHER,
  ]);
  b.call("failover cancel", { vm: "vm" });
  assert.deepEqual(fileNames(b), ["disk-0.raw", "disk-1.raw", "disk-2.raw"]);
  a.host.kill();
  a.start();
  for (let time = 0; time < 7; time++) {
    a.write("vm/0", 0, filled(512, 30 + time));
    a.world.runWhile(() => true, 10 * SECOND);
    cycle(a);
  }
  a.world.runWhile(() => true, 10 * SECOND);
  assert.deepEqual(fileNames(b), ["disk-0.raw", "disk-2.raw"]);
  b.host.kill();
  b.start();
  assert.deepEqual(b.server?.replica.machine("vm").store.suspect, false);
  assert.equal(call(a, "add", { disk: "two.img" }), "", "its number is not used again");
  assert.deepEqual(
    disksOf(b, cycle(a)),
    [0, 1, 2, 3].map((disk) => disk === 1 ? undefined : contents(a, disk)),
  );
});

/** Reads all of disk 1 through the newest point, again and again, until its file is gone. */
function* readOn(store: ReplicaStore): Task<number> {
  for (let reads = 0;; reads++) {
    const disk = store.rawDisks[1]?.disk;
    if (disk === undefined || disk.size === 0) return reads;
    const view = yield* store.view(store.newest?.id as PointId);
    yield* view.read(1, 0, OTHER);
    yield* view.close();
  }
}

Deno.test("the file of a disk that was taken out goes beneath whoever reads a point to the end of every disk", () => {
  const { a, b } = stage(31);
  assert.equal(call(a, "remove", { disk: 1 }), "");
  const store = b.server?.replica.machine("vm").store as ReplicaStore;
  const reading = b.host.process?.loop.start("reader", readOn(store));
  for (let time = 0; time < 7; time++) {
    a.write("vm/0", 0, filled(512, 30 + time));
    cycle(a);
  }
  a.world.runFor(10 * SECOND);
  assert.ok(
    reading?.outcome?.ok === true && reading.outcome.value > 10,
    "it was read all the time",
  );
  assert.deepEqual(fileNames(b), ["disk-0.raw"]);
});

/** How often it saw a file of disk 1, looking for as long as its server runs. */
function* watch(site: Site, store: ReplicaStore, seen: { files: number }): Task<void> {
  for (;;) {
    if ((store.rawDisks[1]?.disk.size ?? 0) > 0) seen.files++;
    yield* site.server!.ports.clock.sleep(100);
  }
}

Deno.test("a disk that was taken out is not made again by the applies behind it, though the state has its size", () => {
  const { a, b } = stage(32);
  assert.equal(call(a, "remove", { disk: 1 }), "");
  const store = b.server?.replica.machine("vm").store as ReplicaStore;
  const cycles = (from: number) => {
    for (let time = 0; time < 7; time++) {
      a.write("vm/0", 0, filled(512, from + time));
      cycle(a);
      a.world.runFor(SECOND);
    }
  };
  cycles(30);
  assert.deepEqual(fileNames(b), ["disk-0.raw"]);
  assert.equal(store.sizes[1], OTHER);
  const seen = { files: 0 };
  b.host.process?.loop.start("watcher", watch(b, store, seen));
  cycles(50);
  assert.equal(seen.files, 0);
});

Deno.test("an excluded disk is served, in no point, and empty in a failover", () => {
  const { a, b, first } = stage(4, [1]);
  assert.deepEqual(disksOf(b, first), [contents(a, 0), undefined]);
  b.call("failover start", { vm: "vm" });
  assert.deepEqual(contents(b, 1), new Uint8Array(OTHER));
  b.write("vm/1", 0, filled(512, 8));
  b.call("failover cancel", { vm: "vm" });
  a.write("vm/1", 4096, filled(512, 7));
  assert.equal(call(a, "exclude", { disk: 1, off: true }), "");
  a.world.runWhile(() => true, 10 * SECOND);
  const second = cycle(a);
  assert.deepEqual(disksOf(b, second), [contents(a, 0), contents(a, 1)]);
  assert.equal(state(a), "Replicating");
  assert.equal(call(a, "exclude", { disk: 1 }), "");
  a.write("vm/1", 0, filled(512, 5));
  const third = cycle(a);
  assert.deepEqual(disksOf(b, third), [contents(a, 0), undefined]);
  const kept = disksOf(b, second);
  assert.equal(call(a, "exclude", { disk: 1, off: true }), "");
  assert.deepEqual(disksOf(b, cycle(a)), [contents(a, 0), contents(a, 1)]);
  assert.deepEqual(disksOf(b, second), kept);
});

Deno.test("a failover to a point without a disk that the file of still has the contents of is empty there", () => {
  const { a, b } = stage(5);
  call(a, "exclude", { disk: 1 });
  a.write("vm/0", 0, filled(512, 6));
  cycle(a);
  b.call("failover start", { vm: "vm" });
  assert.deepEqual(contents(b, 1), new Uint8Array(OTHER));
  b.write("vm/1", 512, filled(512, 8));
  const expected = [contents(b, 0), contents(b, 1)];
  b.call("failover complete", { vm: "vm" });
  const files = b.server?.replica.machine("vm").store.diskFiles ?? [];
  assert.deepEqual(files.map((file) => b.file(file)), expected);
});

Deno.test("a disk that came and was left out before the first point is none of it, and points can be built on that", () => {
  const { a, b } = makePair(12, SIZE);
  for (const name of ["two.img", "three.img"]) a.host.addDisk(name, { size: OTHER });
  a.call("vm add", { vm: "vm", disks: ["vm.img", "two.img"] });
  const settings = { frequency: 3600 * SECOND, retention: "last 4" };
  a.call("replication enable", { vm: "vm", to: "b:7700", ...settings });
  a.call("replication start", { vm: "vm" });
  // Its replica is made of two disks.
  a.world.runWhile(() => b.server?.replica.has("vm") !== true, SECOND);
  a.call("replication stop", { vm: "vm" });
  assert.equal(call(a, "add", { disk: "three.img" }), "");
  assert.equal(call(a, "exclude", { disk: 2 }), "");
  a.call("replication start", { vm: "vm" });
  const points = [cycle(a)];
  a.write("vm/0", 0, filled(512, 1));
  points.push(cycle(a));
  a.world.runFor(SECOND);
  b.host.kill();
  b.start();
  const store = b.server?.replica.machine("vm").store;
  assert.deepEqual(store?.points.map(({ id, applied }) => applied && id), points);
  assert.deepEqual(disksOf(b, points[1] as PointId).map((disk) => disk?.length ?? 0), [
    SIZE,
    OTHER,
    0,
  ]);
  assert.equal(call(a, "exclude", { disk: 2, off: true }), "");
  until(a, "Replicating");
  assert.deepEqual(disksOf(b, cycle(a))[2], contents(a, 2));
});

Deno.test("what cannot be added, removed or excluded is refused, and changes nothing", () => {
  const { a } = stage(6);
  assert.equal(call(a, "add", { disk: "two.img" }), "exists");
  assert.equal(call(a, "add", { disk: "none.img" }), "not-found");
  assert.equal(call(a, "remove", { disk: 2 }), "no-such-disk");
  assert.equal(call(a, "exclude", { disk: 0 }), "");
  assert.equal(call(a, "exclude", { disk: 1 }), "bad-argument");
  assert.equal(call(a, "remove", { disk: 1 }), "bad-argument");
  assert.equal(call(a, "remove", { disk: 0 }), "");
  assert.equal(call(a, "remove", { disk: 0 }), "no-such-disk");
  assert.equal(call(a, "grow", { disk: 0, size: 2 * OTHER }), "no-such-disk");
  assert.equal(call(a, "grow", { disk: 1, size: 2 * OTHER }), "");
});

Deno.test("what cannot be removed of a log is left over: whether a disk went is what was answered, and it serves", () => {
  for (const what of ["failWrites", "failFlushes"] as const) {
    for (let count = 1; count <= 12; count++) {
      for (const verb of ["remove", "exclude"] as const) {
        const { a } = stage(10);
        const { faults } = a.host.logs.volume;
        faults[what] = count;
        const code = call(a, verb, { disk: 1 });
        faults[what] = 0;
        const disks = (a.call("replication status", { vm: "vm" }) as JsonObject)["disks"];
        const left = (disks as JsonObject[]).find(({ name }) => name === "vm/1");
        const why = `${verb} with ${count} ${what}: ${code}`;
        assert.equal(left?.["replicated"] !== true, code === "", why);
        if (left !== undefined) a.write("vm/1", 1024, filled(512, 3));
        if (code !== "") continue;
        const back = verb === "remove" ? { disk: "two.img" } : { disk: 1, off: true };
        assert.equal(call(a, verb === "remove" ? "add" : "exclude", back), "", why);
        cycle(a);
      }
    }
  }
});

Deno.test("a disk whose flush failed is protected again only behind a restart, also once it was taken out (T10)", () => {
  for (const verb of ["remove", "exclude"] as const) {
    for (const replicated of [true, false]) {
      const { a } = stage(13);
      if (!replicated) assert.equal(call(a, "exclude", { disk: 1 }), "");
      const { faults } = a.host.disks.get("two.img")!.volume;
      faults.failFlushes = 1;
      const flush = (name: string) => {
        const disk = a.server?.exports.get(name)?.disk;
        return a.host.attempt(disk!.flush(), SECOND);
      };
      assert.equal(flush("vm/1")?.ok, false);
      assert.equal(call(a, verb, { disk: 1 }), "");
      const back = () =>
        verb === "remove"
          ? call(a, "add", { disk: "two.img" })
          : call(a, "exclude", { disk: 1, off: true });
      assert.equal(back(), "disk-failed");
      a.host.powerLoss();
      a.host.powerOn();
      a.start();
      until(a, "Replicating");
      assert.equal(back(), "");
      cycle(a);
      assert.equal(flush(verb === "remove" ? "vm/2" : "vm/1")?.ok, true);
    }
  }
});

Deno.test("a disk that is excluded stays so behind every move of its machine, there and back", () => {
  const { a, b } = stage(7, [1]);
  const excluded = (site: Site) => {
    const { disks } = site.call("replication status", { vm: "vm" }) as JsonObject;
    return (disks as JsonObject[]).map(({ replicated }) => replicated !== true);
  };
  a.call("failover planned", { vm: "vm" });
  until(b, "Replicating");
  until(a, "Replicating");
  assert.deepEqual(excluded(b), [false, true]);
  assert.deepEqual(contents(b, 1), new Uint8Array(OTHER));
  b.write("vm/1", 0, filled(512, 5));
  b.write("vm/0", 0, filled(512, 6));
  b.host.kill();
  b.start();
  assert.deepEqual(excluded(b), [false, true]);
  const point = cycle(b);
  assert.deepEqual(disksOf(a, point), [contents(b, 0), undefined]);
  a.call("failover start", { vm: "vm" });
  assert.deepEqual(contents(a, 1), new Uint8Array(OTHER));
  a.call("failover reverse", { vm: "vm", retention: "last 3" });
  until(a, "Replicating");
  until(b, "Replicating");
  assert.deepEqual(excluded(a), [false, true]);
  assert.equal(call(a, "exclude", { disk: 1, off: true }), "");
  a.write("vm/1", 512, filled(512, 7));
  assert.deepEqual(disksOf(b, cycle(a)), [contents(a, 0), contents(a, 1)]);
});

Deno.test("no disk changes while the machine is locked for a planned failover, and each refusal says why", () => {
  const { a } = stage(8);
  a.call("failover prepare", { vm: "vm" });
  for (
    const [verb, args] of [
      ["grow", { disk: 0, size: 2 * SIZE }],
      ["add", { disk: "three.img" }],
      ["remove", { disk: 1 }],
      ["exclude", { disk: 1 }],
    ] as const
  ) {
    assert.throws(
      () => a.call(`vm disk ${verb}`, { vm: "vm", ...args }),
      (error) =>
        isFailed(error, "wrong-state") && /failover cancel/.test(error.failure.action) &&
        /PreparedForFailover/.test(error.failure.message),
      verb,
    );
  }
  // A refused removal once offered the disk again, to whoever would write to it.
  assert.deepEqual(a.server?.exports.list(), []);
  a.call("failover cancel", { vm: "vm" });
  assert.equal(call(a, "grow", { disk: 0, size: 2 * SIZE }), "");
});

Deno.test("a disk that is added while its machine is not served yet is served with the others", () => {
  const { a, b, world } = stage(9);
  a.call("replication set", { vm: "vm", onUnknown: "hold" });
  b.host.kill();
  a.host.kill();
  a.start();
  assert.deepEqual(a.server?.exports.list(), []);
  assert.equal(call(a, "add", { disk: "three.img" }), "");
  assert.deepEqual(a.server?.exports.list(), []);
  b.start();
  const served = () => a.server?.exports.list().length === 3;
  for (let tries = 0; tries < 100 && !served(); tries++) world.runFor(SECOND);
  a.write("vm/2", 0, filled(512, 3));
  until(a, "Replicating");
  assert.deepEqual(disksOf(b, cycle(a)), [0, 1, 2].map((disk) => contents(a, disk)));
});

type Change = "add" | "remove" | "exclude";

/** Crashes at a port call of a change, starts again, and looks whether the next point is right. */
function crashed(verb: Change, crash: Crash): boolean {
  const { a, b } = stage(100 + crash.call);
  const disk = verb === "add" ? "three.img" : 1;
  const change = () => a.call(`vm disk ${verb}`, { vm: "vm", disk });
  if (!crashAmid(a, crash, change)) return false;
  a.start();
  const machine = a.server?.primary.entry("vm").machine;
  const parts = (machine?.disks ?? []).map(({ part }) => part);
  for (const [disk, part] of parts.entries()) {
    if (part !== "removed") a.write(`vm/${disk}`, 2048, filled(512, 40 + disk));
  }
  const sent = (part: string) => part === "replicated" || part === "joining";
  const expected = parts.map((part, disk) => sent(part) ? contents(a, disk) : undefined);
  assert.deepEqual(disksOf(b, cycle(a)), expected, `${verb}, ${JSON.stringify(crash)}`);
  assert.equal(state(a), "Replicating");
  return true;
}

for (const verb of ["add", "remove", "exclude"] as const) {
  Deno.test(`a crash at any port call of ${verb} leaves the disks before or after it, and no change lost`, () => {
    const crashes = everyCall(WAYS, (crash) => crashed(verb, crash));
    assert.ok(crashes > 12, `${crashes} crashes`);
  });
}
