/**
 * Test failovers: beside replication, on any point, several at once, and gone without residue (M52, R8).
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { localFailure } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, SECOND } from "../../../../engine/core/base/units.ts";
import { TestFailovers } from "../../../../engine/core/failover/test_failover.ts";
import type { Folder } from "../../../../engine/core/ports/folder.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import { Directory } from "../../../../engine/sim/directory.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };

/** Every file below the replica's folder, and what its state says. */
function footprint({ host, server }: Site): unknown {
  const names: string[] = [];
  const walk = (folder: Directory, path: string) => {
    for (const [name, entry] of folder.entries) {
      names.push(`${path}${name}`);
      if (entry instanceof Directory) walk(entry, `${path}${name}/`);
    }
  };
  walk((host.data.entries.get("replicas") as Directory).entries.get("vm") as Directory, "");
  const { store, record } = server!.replica.machine("vm");
  const points = store.points.map(({ id, digests, applied }) => ({ id, digests, applied }));
  const exports = server!.exports.list();
  return { names: names.sort(), holds: [...store.holds], points, record, exports };
}

/** What does not come and go with cycles. */
function plain(footprint: unknown): string[] {
  const { names } = footprint as { readonly names: string[] };
  return names.filter((name) => !/^((undo|staging)\/|statistics\.json)/.test(name));
}

/** A pair with three points, of 1, 2 and 3 in every byte of the first blocks. */
function stage(seed: number) {
  const pair = makePair(seed);
  protect(pair.a, { retention: "last 3" });
  for (const value of [1, 2, 3]) {
    pair.a.write("vm/0", 0, filled(8 * KiB, value));
    pair.a.call("replication cycle", VM);
  }
  pair.world.runFor(SECOND);
  const points = (pair.b.call("points list", VM) as JsonObject[]).map(({ id }) => String(id));
  return { ...pair, points };
}

function make(b: Site, point?: string): JsonObject {
  return b.call("failover test", point === undefined ? VM : { ...VM, point }) as JsonObject;
}

function drop(b: Site, name: string): void {
  b.call("failover test", { ...VM, delete: name });
}

Deno.test("several tests stand on different points, write for themselves, and leave nothing behind", () => {
  const { a, b, points, world } = stage(90);
  const before = footprint(b);
  const [oldest, , newest] = points as [string, string, string];
  const first = make(b, oldest);
  const second = make(b);
  deepEqual([first["vm"], second["vm"], first["point"], second["point"]], [
    "vm - Test",
    "vm - Test 2",
    oldest,
    newest,
  ]);
  deepEqual([b.read("vm - Test/0", 0, 1)[0], b.read("vm - Test 2/0", 0, 1)[0]], [1, 3]);
  b.write("vm - Test/0", 0, filled(KiB, 77));
  b.write("vm - Test 2/0", KiB, filled(KiB, 88));
  equal(b.read("vm - Test 2/0", 0, 1)[0], 3, "one does not see the other");

  // Replication goes on beneath, and retention leaves what is held.
  for (const value of [4, 5, 6]) {
    a.write("vm/0", 0, filled(8 * KiB, value));
    a.call("replication cycle", VM);
  }
  world.runFor(SECOND);
  const kept = (b.call("points list", VM) as JsonObject[]).map(({ id }) => id);
  ok(kept.includes(oldest) && kept.includes(newest));
  equal(b.read("vm - Test/0", 4 * KiB, 1)[0], 1, "its point never changes");
  const [one, two] = (b.call("vm list") as JsonObject[]).slice(1);
  deepEqual([one?.["role"], one?.["testOf"], two?.["vm"]], ["test", "vm", "vm - Test 2"]);
  deepEqual((b.call("replication status", { vm: "vm - Test" }) as JsonObject)["point"], oldest);

  drop(b, "vm - Test");
  throws(() => b.read("vm - Test/0", 0, 1), /No export/);
  equal(make(b)["vm"], "vm - Test", "the lowest name that is free");
  for (const name of ["vm - Test", "vm - Test 2"]) drop(b, name);
  a.call("replication cycle", VM);
  world.runFor(SECOND);
  const after = footprint(b) as JsonObject;
  const past = before as JsonObject;
  deepEqual(after["exports"], past["exports"]);
  deepEqual(after["holds"], []);
  deepEqual(plain(after), plain(past));
  deepEqual(world.violations, []);
});

Deno.test("a test that is deleted at once leaves folder and state as they were", () => {
  const { b, points } = stage(91);
  const before = footprint(b);
  make(b, points[1]);
  b.write("vm - Test/0", 0, filled(KiB, 9));
  drop(b, "vm - Test");
  deepEqual(footprint(b), before);
  throws(() => drop(b, "vm - Test"), /has no test failover "vm - Test"/);
});

Deno.test("tests survive a restart and a loss of power with what was flushed, and strays are cleared", () => {
  const { b, world } = stage(92);
  const before = footprint(b);
  make(b);
  b.write("vm - Test/0", 0, filled(KiB, 9));
  const disk = b.server!.exports.get("vm - Test/0")!.disk;
  b.host.run(disk.flush());
  for (const how of ["kill", "power"] as const) {
    if (how === "kill") b.host.kill();
    else {
      b.host.powerLoss();
      b.host.powerOn();
    }
    b.start();
    deepEqual([...b.read("vm - Test/0", 0, 1), ...b.read("vm - Test/0", 4 * KiB, 1)], [9, 3]);
  }
  drop(b, "vm - Test");
  deepEqual(plain(footprint(b)), plain(before));

  // Cut short at every event: there is a test that can be deleted, or nothing of it.
  for (let step = 1; step < 160; step += 3) {
    const { host } = b;
    host.process!.loop.start("test", b.server!.call("failover test", VM));
    for (let event = 0; event < step; event++) world.step();
    host.kill();
    b.start();
    for (const { test } of b.server!.replica.tests()) {
      equal(test.failure, undefined);
      host.process!.loop.start("d", b.server!.call("failover test", { ...VM, delete: test.name }));
      for (let event = 0; event < step; event++) world.step();
      host.kill();
      b.start();
    }
    for (const { test } of b.server!.replica.tests()) drop(b, test.name);
    deepEqual(plain(footprint(b)), plain(before));
    deepEqual((footprint(b) as JsonObject)["holds"], []);
  }
  deepEqual(world.violations, []);
});

Deno.test("what would take the points from beneath a test is refused, and a failover is not", () => {
  const { b } = stage(93);
  make(b);
  b.call("failover start", VM);
  equal(make(b)["vm"], "vm - Test 2", "also while it is failed over");
  throws(() => b.call("failover complete", VM), /while "vm - Test" stands on one of its points/);
  throws(() => b.call("failover reverse", { ...VM, to: "a:7700" }), /while "vm - Test" stands/);
  b.call("failover cancel", VM);
  for (const verb of ["vm remove", "replication disable"]) {
    throws(() => b.call(verb, VM), /Cannot remove the replica of "vm" while "vm - Test"/);
  }
  for (let more = 3; more <= 8; more++) make(b);
  throws(() => make(b), /has 8 test failovers/);
  for (const { test } of b.server!.replica.tests()) drop(b, test.name);
  b.call("failover start", VM);
  b.call("failover complete", VM);
  throws(() => make(b), /in state FailedOver: its disks are the machine's own/);
});

Deno.test("a test is started and stopped by the commands of its machine, as a test", () => {
  const { b, points } = stage(94);
  b.call("replication set", { ...VM, start: "UP", stop: "DOWN" });
  const machine = b.host.hypervisor.machine("vm - Test");
  equal(make(b, points[0])["started"], true);
  deepEqual([machine.power, machine.uris], ["running", ["vm - Test/0"]]);
  machine.fails.stop = "no";
  throws(() => drop(b, "vm - Test"), /hypervisor: no/);
  match(JSON.stringify(b.call("vm list")), /"vm - Test"/);
  machine.fails.stop = "";
  drop(b, "vm - Test");
  equal(machine.power, "stopped");
  equal(b.host.hypervisor.machine("vm").power, "unknown", "the machine itself was left alone");
});

Deno.test("a test takes no space that the replica may need, and its trouble is its own (R10)", () => {
  const { a, b, world } = stage(95);
  make(b);
  const volume = b.host.data.volume;
  volume.faults.full = true;
  throws(() => b.write("vm - Test/0", 0, filled(KiB, 9)), /gets no more space/);
  volume.faults.full = false;
  b.write("vm - Test/0", 0, filled(KiB, 9));
  // Its overlay rots: it is shown, and deleted, and nobody else notices.
  const folder = (b.host.data.entries.get("replicas") as Directory).entries.get("vm") as Directory;
  const test = (folder.entries.get("tests") as Directory).entries.get("1") as Directory;
  b.host.kill();
  const map = test.entries.get("disk-0.map");
  ok(map !== undefined && !(map instanceof Directory));
  map.sectors.damage(0, new Uint8Array(map.sectors.length));
  b.start();
  const shown = b.call("replication status", { vm: "vm - Test" }) as JsonObject;
  equal(shown["health"], "Critical");
  match(JSON.stringify(shown["warnings"]), /Delete it: warmsite failover test vm/);
  a.call("replication cycle", VM);
  equal((b.call("replication status", VM) as JsonObject)["health"], "Normal");
  drop(b, "vm - Test");
  deepEqual(world.violations, []);
});

Deno.test("a planned failover ends the tests that stand on what goes, and does not wait for them", () => {
  const { a, b, points, world } = stage(96);
  make(b, points[0]);
  make(b);
  a.call("failover planned", VM);
  world.runFor(10 * SECOND);
  deepEqual(b.server!.replica.tests(), []);
  deepEqual(b.server!.exports.list(), ["vm/0"]);
  equal(b.read("vm/0", 0, 1)[0], 3);
  ok(b.server!.primary.has("vm"));
  deepEqual(world.violations, []);
});

Deno.test("with no space left and points held by tests, a failover starts and is cancelled, and tests go (R10)", () => {
  const { a, b, points, world } = stage(98);
  make(b, points[0]);
  make(b, points[1]);
  b.write("vm - Test/0", 0, filled(KiB, 9));
  const { volume } = b.host.data;
  // Somebody else's files take all that is left.
  const { capacity } = volume;
  volume.capacity = volume.used;
  a.write("vm/0", 0, filled(64 * KiB, 4));
  throws(() => a.call("replication cycle", VM), /No space left/);
  const shown = () => b.call("replication status", VM) as JsonObject;
  equal(shown()["health"], "Critical");
  match(
    JSON.stringify(shown()["warnings"]),
    /No space left.*delete the test failovers of .*--delete NAME/,
  );
  const listed = () => (b.call("points list", VM) as JsonObject[]).map(({ id }) => String(id));
  deepEqual(listed(), points, "what tests hold does not go");
  for (const point of [points[2], points[0]]) {
    b.call("failover start", { ...VM, point: point as string });
    equal(b.read("vm/0", 0, 512)[0], point === points[0] ? 1 : 3);
    b.host.kill();
    b.start();
    equal(shown()["state"], "FailedOverWaitingCompletion");
    b.call("failover cancel", VM);
  }
  drop(b, "vm - Test");
  drop(b, "vm - Test 2");
  volume.capacity = capacity;
  a.call("replication cycle", VM);
  world.runFor(SECOND);
  equal(shown()["health"], "Normal");
  equal(listed().length, 3);
  deepEqual(world.violations, []);
});

/** `folder` with a folder of tests that its storage does not give. */
function withoutTests(folder: Folder): Folder {
  return new Proxy(folder, {
    get(target, key) {
      const value = Reflect.get(target, key, target) as unknown;
      if (key !== "folder") return typeof value === "function" ? value.bind(target) : value;
      return (name: string, options?: { readonly create?: boolean }) => {
        if (name === "tests") throw localFailure("io-error", "It cannot be read", "Mend it");
        return target.folder(name, options);
      };
    },
  });
}

Deno.test("tests that cannot be looked at are listed with the reason, and nobody takes their place", () => {
  const { b } = stage(98);
  make(b);
  make(b);
  const machine = b.server!.replica.machine("vm");
  const open = function* (): Task<TestFailovers> {
    const replicas = yield* b.server!.ports.data.folder("replicas");
    return yield* TestFailovers.open(machine, withoutTests(yield* replicas.folder("vm")));
  };
  const tests = b.host.run(open());
  deepEqual(tests.list.map(({ number }) => number), [1, 2]);
  ok(tests.list.every(({ failure, disks }) => failure?.code === "io-error" && disks.length === 0));
  deepEqual([...machine.store.holds.keys()].sort(), ["test-1", "test-2"]);
  throws(() => tests.refuseWhileThere("complete"), /stands on one of its points/);
  b.host.kill();
  b.start();
  deepEqual(b.server!.replica.tests().map(({ test }) => test.failure), [undefined, undefined]);
});
