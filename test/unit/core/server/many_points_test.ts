/**
 * Many points of a machine of two disks: each is its disks at one instant, whichever is chosen in a disaster, and to
 * begin a failover costs the same however many there are.
 *
 * @module
 */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { HOUR, KiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { PointId } from "../../../../engine/core/base/units.ts";
import { contents, disksOf, makePair, type Site, status } from "./pair.ts";

const VM = { vm: "vm" };
const SIZE = 64 * KiB;

const listed = (b: Site) =>
  (b.call("points list", VM) as JsonObject[]).map(({ id }) => id as PointId);

/** A machine of two disks, protected with those settings. */
function twoDisks(seed: number, settings: JsonObject) {
  const pair = makePair(seed, SIZE);
  const { a } = pair;
  a.host.addDisk("two.img", { size: SIZE });
  a.call("vm add", { ...VM, disks: ["vm.img", "two.img"] });
  a.call("replication enable", { ...VM, to: "b:7700", ...settings });
  a.call("replication start", VM);
  a.call("replication cycle", VM);
  return pair;
}

function stamp(number: number): Uint8Array {
  const bytes = new Uint8Array(512);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** A day and more of points, with what both disks held at each cut. */
function hourly(seed: number, hours: number) {
  const pair = twoDisks(seed, { frequency: HOUR / 4, retention: `hourly ${hours}` });
  const { a, b, world } = pair;
  const truth = new Map<PointId, readonly Uint8Array[]>();
  for (let cycle = 1; cycle <= 4 * 26; cycle++) {
    a.write("vm/0", (cycle % 40) * 512, stamp(cycle));
    a.write("vm/1", (cycle % 60) * 512, stamp(1000 + cycle));
    const held = [contents(a, 0), contents(a, 1)];
    world.runFor(HOUR / 4);
    truth.set(listed(b).at(-1) as PointId, held);
  }
  return { ...pair, truth };
}

Deno.test("of 24 hourly points each restores the primary at its instant, and the newest is kept beside them (M28)", () => {
  for (const hours of [0, 5, 24]) {
    const { b, truth, world } = hourly(481, hours);
    const points = listed(b);
    equal(points.length, hours + 1, `hourly ${hours}`);
    for (const point of points) deepEqual(disksOf(b, point), truth.get(point), `hourly ${hours}`);
    deepEqual(world.violations, []);
  }
});

Deno.test("with the primary gone any listed point can be run on, cancelled, and another one chosen; complete is final (M49, M50)", () => {
  const { a, b, truth, world } = hourly(482, 6);
  a.host.kill();
  const points = listed(b);
  for (const point of points) {
    b.call("failover start", { ...VM, point });
    const [first, second] = truth.get(point) as readonly Uint8Array[];
    deepEqual(b.read("vm/0", 0, SIZE), first);
    deepEqual(b.read("vm/1", 0, SIZE), second);
    b.write("vm/0", 0, new Uint8Array(4 * KiB).fill(0xee));
    b.call("failover cancel", VM);
    equal(status(b)["state"], "Replicating");
    deepEqual(listed(b), points, "nothing that was received is lost");
  }
  for (const point of points) deepEqual(disksOf(b, point), truth.get(point));
  const chosen = points[2] as PointId;
  b.call("failover start", { ...VM, point: chosen });
  b.call("failover complete", VM);
  for (const restarted of [false, true]) {
    if (restarted) {
      b.host.kill();
      b.start();
    }
    equal(status(b)["state"], "FailedOver");
    ok(listed(b).every((point) => !points.includes(point) || point === chosen), "the others go");
    for (const verb of ["failover cancel", "failover start", "failover complete"]) {
      throws(() => b.call(verb, VM), (error) => isFailed(error, "wrong-state"), verb);
    }
  }
  deepEqual(world.violations, []);
});

Deno.test("a failover to the newest point asks as much of the storage with 40 points as with 4 (M29)", () => {
  const calls = [4, 40].map((count) => {
    const { a, b, world } = twoDisks(483, { frequency: HOUR, retention: "last 41" });
    for (let point = 1; point < count; point++) {
      a.write("vm/0", (point % 50) * KiB, stamp(point));
      a.call("replication cycle", VM);
    }
    world.runFor(MINUTE);
    equal(listed(b).length, count);
    a.host.kill();
    world.runFor(MINUTE);
    const before = b.host.calls;
    b.call("failover start", VM);
    return b.host.calls - before;
  });
  const [few = 0, many = 0] = calls;
  ok(many <= few + 2, `${few} calls with 4 points, ${many} with 40`);
});

Deno.test("where a guest writes to one disk after the other, no point has a write without the one before it (M33)", () => {
  const { a, b, world } = twoDisks(484, { frequency: SECOND, retention: "last 60" });
  const disks = [0, 1].map((index) => a.server!.exports.get(`vm/${index}`)!.disk);
  let wrote = 0;
  a.host.process!.loop.start(
    "guest",
    function* () {
      for (;;) {
        const { clock } = a.server!.ports;
        yield* disks[wrote % 2]!.write(512 * (wrote % 7), stamp(wrote + 1));
        wrote++;
        yield* clock.sleep(3000 + 1000 * (wrote % 5));
      }
    }(),
  );
  world.runFor(MINUTE);
  a.host.kill();
  ok(wrote > 1000);
  const newestIn = (disk: Uint8Array | undefined) => {
    const view = new DataView((disk as Uint8Array).buffer);
    return Math.max(...[...Array(7).keys()].map((at) => view.getUint32(512 * at)));
  };
  const seen = new Set<number>();
  for (const point of listed(b)) {
    const [first, second] = disksOf(b, point).map(newestIn) as [number, number];
    ok(
      Math.abs(first - second) <= 1,
      `${point} has ${first} of one disk and ${second} of the other`,
    );
    seen.add(Math.max(first, second));
  }
  ok(seen.size > 40, `${seen.size} points that differ`);
  deepEqual(world.violations, []);
});
