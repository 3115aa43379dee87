/**
 * Statistics through the verbs: both sides count, a restart goes on, a reset clears the warning and keeps history.
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { HOUR, KiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const statistics = (site: Site) => site.call("replication statistics", VM) as JsonObject;
const current = (site: Site) => statistics(site)["current"] as JsonObject;
const past = (site: Site) => statistics(site)["past"] as JsonObject[];
const status = (site: Site) => site.call("replication status", VM) as JsonObject;

Deno.test("both sides count cycles, sizes and latency of the interval", () => {
  const { a, b, world } = makePair(301);
  protect(a, { frequency: 10 * SECOND, compression: false });
  const before = current(a)["bytes"] as number;
  a.write("vm/0", 0, filled(8 * KiB, 1));
  a.call("replication cycle", VM);
  a.write("vm/0", 0, filled(16 * KiB, 2));
  a.call("replication cycle", VM);
  world.runUntil(world.now + SECOND);
  const here = current(a);
  equal(here["bytes"], before + 24 * KiB);
  equal(here["missed"], 0);
  ok((here["latencyMaxMicros"] as number) > 0);
  equal(here["pendingMax"], 1024 * KiB, "before initial replication everything was");
  const there = current(b);
  equal(there["cycles"], here["cycles"]);
  equal(statistics(b)["unappliedBytes"], 0);
  equal(statistics(a)["pendingBytes"], 0);
});

Deno.test("an orderly restart goes on counting, and a kill loses a minute at most, on both sides", () => {
  const { a, b, world } = makePair(302);
  protect(a, { frequency: 10 * SECOND });
  world.runUntil(world.now + 5 * MINUTE);
  for (const site of [a, b]) {
    const counted = current(site)["cycles"] as number;
    ok(counted >= 30);
    site.host.run(site.server!.stop(), 60 * SECOND);
    site.host.kill();
    site.start();
    world.runUntil(world.now + 100_000);
    ok((current(site)["cycles"] as number) >= counted, "orderly");
    site.host.kill();
    site.start();
    world.runUntil(world.now + 100_000);
    ok((current(site)["cycles"] as number) >= counted - 7, "killed");
  }
});

Deno.test("cycles missed in an outage are a warning until the interval is reset, and stay in the history", () => {
  const { a, world } = makePair(303);
  protect(a, { frequency: 10 * SECOND });
  world.net.partition("a", "b");
  world.runUntil(world.now + 20 * MINUTE);
  world.net.heal();
  world.runUntil(world.now + MINUTE);
  const { missed } = current(a);
  ok((missed as number) >= 110 && (missed as number) <= 125, `${missed} missed in 20 minutes`);
  ok((current(a)["networkFailures"] as number) >= 4);
  equal(status(a)["health"], "Warning");
  match(String(status(a)["warnings"]), /More than 20 percent/);
  a.call("replication reset-statistics", VM);
  equal(status(a)["health"], "Normal");
  equal(current(a)["missed"], 0);
  equal(past(a).at(-1)?.["missed"], missed);
  a.host.kill();
  a.start();
  world.runUntil(world.now + SECOND);
  equal(past(a).at(-1)?.["missed"], missed, "a reset is durable when it was answered");
});

Deno.test("what a pause leaves out is not missed", () => {
  const { a, world } = makePair(304);
  protect(a, { frequency: 10 * SECOND });
  a.call("replication pause", VM);
  world.runUntil(world.now + 2 * HOUR);
  a.call("replication resume", VM);
  world.runUntil(world.now + MINUTE);
  equal(current(a)["missed"], 0);
  equal(status(a)["health"], "Normal");
});

Deno.test("intervals follow what the server was set to, in local time", () => {
  const { a, world } = makePair(305);
  a.call("server set", { monitoringInterval: HOUR, monitoringStart: 0 });
  protect(a, { frequency: MINUTE });
  world.runUntil(world.now + 3 * HOUR);
  const hours = past(a);
  ok(hours.length >= 2);
  for (const interval of hours.slice(1)) {
    equal((interval["until"] as number) - (interval["from"] as number) <= HOUR, true);
    ok(Math.abs((interval["cycles"] as number) - 60) <= 1);
  }
  deepEqual(hours.map((interval) => (interval["until"] as number) % HOUR), hours.map(() => 0));
});

Deno.test("without a relationship there are no statistics, and the refusal says what to do", () => {
  const { a } = makePair(306);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  throws(() => statistics(a), /there are no statistics in state Disabled/);
  throws(() => a.call("replication reset-statistics", VM), /no statistics/);
});

Deno.test("a guest that cannot be frozen is counted in its interval, and again after a restart", () => {
  const { a, world } = makePair(306);
  protect(a, { frequency: 10 * SECOND });
  const machine = a.host.hypervisor.machine("vm");
  a.call("replication set", { ...VM, freeze: "freeze", thaw: "thaw", appConsistent: HOUR });
  equal(current(a)["consistencyFailures"], 0);
  machine.fails.freeze = "The guest does not answer";
  world.runUntil(world.now + 15 * SECOND);
  equal(current(a)["consistencyFailures"], 1);
  throws(() => a.call("replication cycle", { ...VM, appConsistent: true }));
  equal(current(a)["consistencyFailures"], 2);
  a.call("replication reset-statistics", VM);
  equal(current(a)["consistencyFailures"], 0);
  equal(past(a).at(-1)?.["consistencyFailures"], 2, "a reset keeps the history");
  machine.fails.freeze = "";
  a.call("replication cycle", { ...VM, appConsistent: true });
  equal(current(a)["consistencyFailures"], 0);
});

Deno.test("when a failover was last tested outlives the test, a reset and a restart", () => {
  const { a, b, world } = makePair(307);
  protect(a);
  equal(statistics(b)["lastTestFailover"], null);
  world.runUntil(world.now + 7 * MINUTE);
  const at = b.host.wall();
  b.call("failover test", VM);
  b.call("failover test", { ...VM, delete: "vm - Test" });
  world.runUntil(world.now + MINUTE + SECOND);
  b.call("replication reset-statistics", VM);
  b.host.powerLoss();
  b.host.powerOn();
  b.start();
  world.runUntil(world.now + 100_000);
  const told = statistics(b)["lastTestFailover"] as number;
  ok(told >= at && told <= at + SECOND, `${told - at} µs`);
});

Deno.test("statistics have every counter of Msvm_ReplicationStatistics, and how far received and applied are (M70)", () => {
  const { a, b, world } = makePair(308);
  protect(a, { frequency: HOUR, bandwidth: 64 * KiB, compression: false });
  a.write("vm/0", 0, filled(32 * KiB, 1));
  world.runUntil(world.now + 90 * SECOND);
  for (const site of [a, b]) {
    const counters = current(site);
    for (
      const key of [
        "from",
        "until",
        "cycles",
        "missed",
        "bytes",
        "bytesMax",
        "latencyAverageMicros",
        "latencyMaxMicros",
        "networkFailures",
        "replicationFailures",
        "consistencyFailures",
      ]
    ) equal(typeof counters[key], "number", `${key} at ${site.settings.name}`);
    ok((counters["latencyAverageMicros"] as number) > 0);
    equal(statistics(site)["health"], status(site)["health"]);
    deepEqual(statistics(site)["warnings"], status(site)["warnings"]);
  }
  equal(statistics(a)["pendingBytes"], 32 * KiB, "not received yet, in bytes");
  equal(statistics(a)["pendingSeconds"], 90, "and in time");
  // What was received and cannot be applied.
  const { server } = b;
  const { applying } = server!.replica.machine("vm");
  b.host.run(applying.lock());
  a.call("replication cycle", VM);
  world.runUntil(world.now + 20 * SECOND);
  equal(statistics(a)["pendingBytes"], 0);
  equal(statistics(b)["unappliedBytes"], 32 * KiB);
  const behind = statistics(b)["unappliedSeconds"] as number;
  ok(behind >= 20 && behind <= 22, `${behind} s`);
  applying.unlock();
  world.runUntil(world.now + SECOND);
  equal(statistics(b)["unappliedBytes"], 0);
  equal(statistics(b)["unappliedSeconds"], 0);
});
