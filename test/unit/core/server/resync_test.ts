/**
 * Resynchronization through the verbs: when it is due, what it costs, what it keeps, and how it is held.
 *
 * @module
 */
// Long because: every way in which one becomes due and every way in which it is held, on one stage.

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { DAY, HOUR, KiB, MiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { SimWorld } from "../../../../engine/sim/world.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const SIZE = MiB;

function status(site: Site): JsonObject {
  return site.call("replication status", VM) as JsonObject;
}

function resync(site: Site): JsonObject {
  return status(site)["resynchronization"] as JsonObject;
}

function state(site: Site): string {
  return status(site)["state"] as string;
}

function points(site: Site): string[] {
  return (site.call("points list", VM) as JsonObject[]).map(({ id }) => id as string);
}

/** Bytes that the primary's payloads took on the link, and the replica's answers. */
function moved(world: SimWorld): number {
  return [world.net.link("a", "b"), world.net.link("b", "a")]
    .reduce((sum, { bytes, packets }) => sum + bytes - 60 * packets, 0);
}

/** What the replica has at `point`, the newest by default, by a failover that is cancelled. */
function contents(b: Site, point?: string): Uint8Array {
  b.call("failover start", point === undefined ? VM : { ...VM, point });
  const content = b.read("vm/0", 0, SIZE);
  b.call("failover cancel", VM);
  return content;
}

/** What the guest's disk holds. */
function guest(a: Site): Uint8Array {
  return a.read("vm/0", 0, SIZE);
}

/** A protected machine with four points; `images` is what each holds. */
function protectedPair(seed: number, settings: JsonObject = {}) {
  const pair = makePair(seed, SIZE);
  const { a } = pair;
  protect(a, { retention: "last 1000", ...settings });
  // Contents that do not compress, so that what travels is what differs.
  const noise = pair.world.stream("noise");
  const images: Uint8Array[] = [guest(a)];
  for (let round = 1; round <= 3; round++) {
    for (let at = 0; at < SIZE; at += 64 * KiB) {
      if (round === 1 || at % (128 * KiB) === 0) {
        a.write("vm/0", at, noise.bytes(round === 1 ? 64 * KiB : 4 * KiB));
      }
    }
    a.call("replication cycle", VM);
    images.push(guest(a));
  }
  return { ...pair, images };
}

/** The primary's server is killed, its log lost, and it is started again. */
function loseLog(a: Site): void {
  a.host.kill();
  a.host.logs.unlink("vm.img.hrl");
  a.start();
}

function until(world: SimWorld, holds: () => boolean, micros = 60 * SECOND): void {
  world.runWhile(() => !world.stopped && !holds(), micros);
  equal(world.violations[0], undefined);
  ok(holds(), "It did not come about in time");
}

/** Every older point is as it was, and the newest is the guest's disk. */
function judge(a: Site, b: Site, before: readonly string[], images: readonly Uint8Array[]): void {
  const now = points(b);
  deepEqual(now.slice(0, before.length), before, "every older point is listed (M43)");
  for (const [index, point] of before.entries()) {
    deepEqual(contents(b, point), images[index], `point ${index}`);
  }
  deepEqual(contents(b), guest(a), "the newest is the guest's disk");
}

Deno.test("a lost log costs a resynchronization that sends what differs and keeps every point", () => {
  const { a, b, world, images } = protectedPair(401);
  const before = points(b);
  const states: string[] = [];
  world.onEngineEvent.push(({ host, event }) => {
    if (host === "a" && event.kind === "state") states.push(event.to);
  });
  const sent = moved(world);
  loseLog(a);
  a.write("vm/0", 8 * KiB, world.stream("late").bytes(4 * KiB));
  a.call("replication cycle", VM);
  deepEqual(states, ["WaitingForStartResynchronize", "Resynchronizing", "Replicating"]);
  // One leaf and its region differ; the rest is digests, frames and the handshake.
  ok(moved(world) - sent < 32 * KiB, `${moved(world) - sent} bytes travelled`);
  judge(a, b, before, images);
  equal(status(a)["resynchronization"], null);
});

Deno.test("a disk that was changed while the server was down is found and repaired by difference (M09)", () => {
  const { a, b, world, images } = protectedPair(402);
  const before = points(b);
  a.host.run((a.server!).stop(), 60 * SECOND);
  a.host.kill();
  const node = a.host.disks.get("vm.img")!.node;
  node.sectors.write(700 * KiB, filled(KiB, 7));
  node.changed = a.host.wall() + 1;
  const sent = moved(world);
  a.start();
  a.call("replication cycle", VM);
  ok(moved(world) - sent < 32 * KiB, `${moved(world) - sent} bytes travelled`);
  equal(guest(a)[700 * KiB], 7);
  judge(a, b, before, images);
});

Deno.test("by hand only: it is due, says so, tracks, and runs when it is started", () => {
  const { a, b, world, images } = protectedPair(403, { resync: "manual" });
  const before = points(b);
  loseLog(a);
  throws(() => a.call("replication cycle", VM), /has to be resynchronized.*started by hand/);
  equal(state(a), "WaitingForStartResynchronize");
  equal(status(a)["health"], "Critical");
  ok((resync(a)["why"] as string).length > 0);
  a.write("vm/0", 0, filled(KiB, 9));
  world.runUntil(world.now + HOUR);
  equal(state(a), "WaitingForStartResynchronize");
  throws(() => a.call("replication resync pause", VM), /Cannot pause/);
  throws(() => a.call("replication resync continue", VM), /Cannot continue/);
  a.call("replication resync start", VM);
  until(world, () => state(a) === "Replicating");
  a.call("replication cycle", VM);
  judge(a, b, before, images);
});

Deno.test("one that waits to be started by hand begins at once when that is left to the server", () => {
  const { a, b, world } = protectedPair(416, { resync: "manual", frequency: HOUR });
  loseLog(a);
  throws(() => a.call("replication cycle", VM));
  equal(state(a), "WaitingForStartResynchronize");
  a.call("replication set", { ...VM, compression: true });
  world.runFor(20 * SECOND);
  equal(state(a), "WaitingForStartResynchronize", "another setting begins none");
  a.call("replication set", { ...VM, resync: "auto" });
  world.runFor(20 * SECOND);
  equal(state(a), "Replicating");
  deepEqual(contents(b), guest(a));
});

Deno.test("pause and continue go on where it stood; cancel drops what was sent (M42)", () => {
  const { a, b, world, images } = protectedPair(404, {
    bandwidth: 200_000,
    resync: "manual",
  });
  const before = points(b);
  a.host.kill();
  // Everything differs: it takes its time.
  const { sectors } = a.host.disks.get("vm.img")!.node;
  for (let at = 0; at < SIZE; at += 64 * KiB) {
    sectors.write(at, world.stream(`new/${at}`).bytes(60 * KiB));
  }
  a.host.logs.unlink("vm.img.hrl");
  a.start();
  a.call("replication resync start", VM);
  until(world, () => (resync(a)?.["sentBytes"] ?? 0) as number >= 256 * KiB);
  a.call("replication resync pause", VM);
  world.runUntil(world.now + 10 * SECOND);
  equal(state(a), "ResynchronizeSuspended");
  const stood = resync(a);
  world.runUntil(world.now + HOUR);
  deepEqual(resync(a), stood, "nothing moves");
  throws(() => a.call("replication cycle", VM), /Cannot run a cycle/);
  const sent = moved(world);
  a.call("replication resync continue", VM);
  until(world, () => (resync(a)?.["sentBytes"] ?? 0) as number >= 512 * KiB);
  const again = moved(world) - sent;
  const more = (resync(a)["sentBytes"] as number) - (stood["sentBytes"] as number);
  ok(again < more + 64 * KiB, `${again} bytes for ${more}: nothing is sent or compared twice`);
  a.call("replication resync cancel", VM);
  world.runUntil(world.now + 10 * SECOND);
  equal(state(a), "WaitingForStartResynchronize");
  deepEqual(points(b), before);
  deepEqual(contents(b), images[3], "the old image is intact");
  equal(b.server!.replica.machine("vm").store.openDelta, undefined, "nothing is left of it");
  world.runUntil(world.now + HOUR);
  equal(state(a), "WaitingForStartResynchronize", "it was cancelled: it waits for a word");
  a.call("replication resync start", VM);
  until(world, () => state(a) === "Replicating");
  a.call("replication cycle", VM);
  judge(a, b, before, images);
});

Deno.test("a window across midnight begins it, suspends it and lets it go on (M45)", () => {
  const { a, b, world, images } = protectedPair(405, {
    resync: "23:59-00:00:02",
    frequency: 60 * SECOND,
    bandwidth: 100_000,
  });
  const before = points(b);
  loseLog(a);
  for (let at = 0; at < SIZE; at += 64 * KiB) {
    a.write("vm/0", at, world.stream(`new/${at}`).bytes(60 * KiB));
  }
  const day = 24 * HOUR;
  const clock = () => ((a.host.wall() % day) + day) % day;
  world.runUntil(world.now + (day + 23 * HOUR - clock()) % day);
  equal(state(a), "WaitingForStartResynchronize");
  until(world, () => state(a) === "Resynchronizing", HOUR + MINUTE);
  ok(clock() >= 24 * HOUR - 60 * SECOND);
  // It takes some ten seconds at this speed, and the window ends before that.
  world.runUntil(world.now + 30 * MINUTE);
  ok(["ResynchronizeSuspended", "Replicating"].includes(state(a)), state(a));
  until(world, () => state(a) === "Replicating", 3 * day);
  a.call("replication cycle", VM);
  judge(a, b, before, images);
});

Deno.test("a time may be chosen for one that is due", () => {
  const { a, world } = protectedPair(406, { resync: "manual", frequency: HOUR });
  loseLog(a);
  throws(() => a.call("replication cycle", VM));
  const at = a.host.wall() + 90 * MINUTE;
  a.call("replication resync start", { ...VM, at });
  world.runUntil(world.now + 85 * MINUTE);
  equal(state(a), "WaitingForStartResynchronize");
  until(world, () => state(a) === "Replicating", 10 * MINUTE);
});

Deno.test("a clock that is set back has one that was put off wait for its time, and stops none that runs", () => {
  const { a, b, world, images } = protectedPair(412, {
    resync: "manual",
    frequency: HOUR,
    bandwidth: 100_000,
    compression: false,
  });
  const before = points(b);
  loseLog(a);
  for (let at = SIZE / 2; at < SIZE; at += 4 * KiB) a.write("vm/0", at, filled(4 * KiB, 77));
  throws(() => a.call("replication cycle", VM));
  const at = a.host.wall() + 90 * MINUTE;
  a.call("replication resync start", { ...VM, at });
  world.runFor(80 * MINUTE);
  a.host.jumpWall(-DAY);
  world.runFor(DAY - MINUTE);
  equal(state(a), "WaitingForStartResynchronize", "ten minutes and one before its time");
  until(world, () => state(a) === "Resynchronizing", 12 * MINUTE);
  ok(Math.abs(a.host.wall() - at) < MINUTE, `${a.host.wall() - at} µs behind its time`);
  world.runFor(2 * SECOND);
  a.host.jumpWall(-DAY);
  until(world, () => state(a) === "Replicating", 5 * MINUTE);
  a.call("replication cycle", VM);
  judge(a, b, before, images);
});

Deno.test("a base that the replica does not know any more is made up for by difference", () => {
  const { a, b, images } = protectedPair(407);
  const before = points(b);
  equal(b.server!.replica.machine("vm").store.points.length, 4);
  a.call("replication cycle", VM);
  const unknown = "0123456789abcdef0123456789abcdef";
  const tracked = a.server!.primary.entry("vm").machine.tracked[0]!;
  a.host.run(tracked.setBase({ kind: "point", point: unknown as never }));
  b.host.kill();
  b.start();
  try {
    a.call("replication cycle", VM);
  } catch (error) {
    // Whether it meets the end of the connection to the killed server depends on when packets come.
    if (!isFailed(error, "connection-lost")) throw error;
    a.call("replication cycle", VM);
  }
  judge(a, b, before, images);
});

Deno.test("a replica that lost everything is seeded again by the same verbs", () => {
  const { a, b, world } = protectedPair(408);
  b.call("vm remove", VM);
  a.write("vm/0", 0, filled(KiB, 3));
  world.runUntil(world.now + 2 * HOUR);
  equal(state(a), "Replicating");
  a.call("replication cycle", VM);
  deepEqual(contents(b), guest(a));
  // By hand: it waits.
  a.call("replication set", { ...VM, resync: "manual" });
  b.call("vm remove", VM);
  world.runUntil(world.now + 2 * HOUR);
  equal(state(a), "WaitingForStartResynchronize");
  a.call("replication resync start", VM);
  until(world, () => state(a) === "Replicating");
  deepEqual(contents(b), guest(a));
});

Deno.test("a machine in order is compared when somebody asks, and nothing travels but digests", () => {
  const { a, b, world, images } = protectedPair(409);
  const before = points(b);
  const sent = moved(world);
  a.call("replication resync start", VM);
  until(world, () => state(a) === "Replicating");
  ok(moved(world) - sent < 4 * KiB, `${moved(world) - sent} bytes travelled`);
  judge(a, b, before, images);
});

for (const side of ["a", "b"] as const) {
  Deno.test(`a restart of ${side} amid a resynchronization loses no point and goes on`, () => {
    const { a, b, world, images } = protectedPair(side === "a" ? 410 : 411, {
      bandwidth: 200_000,
      resync: "manual",
    });
    const before = points(b);
    loseLog(a);
    for (let at = SIZE / 2; at < SIZE; at += 64 * KiB) {
      a.write("vm/0", at, world.stream(`new/${at}`).bytes(60 * KiB));
    }
    a.call("replication resync start", VM);
    until(world, () => (resync(a)?.["sentBytes"] ?? 0) as number >= 128 * KiB);
    const site = side === "a" ? a : b;
    site.host.kill();
    site.start();
    if (side === "a") equal(state(a), "Resynchronizing");
    a.write("vm/0", 0, filled(KiB, 5));
    until(world, () => state(a) === "Replicating", 2 * HOUR);
    a.call("replication cycle", VM);
    judge(a, b, before, images);
  });
}

Deno.test("a failover amid a resynchronization is to a whole point, and it goes on when that is cancelled", () => {
  const { a, b, world, images } = protectedPair(412, {
    bandwidth: 200_000,
    frequency: 10 * SECOND,
    resync: "manual",
  });
  const before = points(b);
  loseLog(a);
  for (let at = 0; at < SIZE; at += 64 * KiB) {
    a.write("vm/0", at, world.stream(`new/${at}`).bytes(60 * KiB));
  }
  a.call("replication resync start", VM);
  until(world, () => (resync(a)?.["sentBytes"] ?? 0) as number >= 256 * KiB);
  b.call("failover start", { ...VM, point: before[3] as string });
  deepEqual(b.read("vm/0", 0, SIZE), images[3]);
  world.runUntil(world.now + MINUTE);
  equal(state(a), "Resynchronizing");
  b.call("failover cancel", VM);
  until(world, () => state(a) === "Replicating", HOUR);
  a.call("replication cycle", VM);
  judge(a, b, before, images);
});

Deno.test("a week without a link costs no disk space at the primary and no comparison (M05)", () => {
  const { a, b, world, images } = protectedPair(413, { frequency: HOUR });
  const before = points(b);
  const states = new Set<string>();
  world.onEngineEvent.push(({ host, event }) => {
    if (host === "a" && event.kind === "state") states.add(event.to);
  });
  const { volume } = a.host.logs;
  const free = volume.free;
  world.net.partition("a", "b");
  for (let hour = 0; hour < 7 * 24; hour++) {
    // Far more than ten times the disk in all.
    a.write("vm/0", (hour * 37 * KiB) % (SIZE - 128 * KiB), filled(128 * KiB, hour));
    world.runUntil(world.now + HOUR);
    // The replication log is allocated whole; old contents have a bound of their own.
    ok(
      free - volume.free <= a.settings.cowSizeMax,
      `${free - volume.free} bytes more in hour ${hour}`,
    );
  }
  world.net.heal();
  until(world, () => b.server!.replica.machine("vm").store.points.length > before.length, 3 * HOUR);
  a.call("replication cycle", VM);
  equal(states.has("Resynchronizing"), false);
  equal(states.has("WaitingForStartResynchronize"), false);
  judge(a, b, before, images);
});
