/**
 * Settings that change while a relationship runs: durable, effective with the next cycle, and without losing the
 * delta that is open.
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { type Failed, isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { settingArguments, SETTINGS } from "../../../../engine/core/relationship/setting_table.ts";
import type { Server } from "../../../../engine/core/server/server.ts";
import { VERBS } from "../../../../engine/core/server/verbs.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const points = (b: Site) => (b.server as Server).replica.points("vm");
const settingsOf = (a: Site) => (a.server as Server).primary.entry("vm").machine.settings;
/** So many extents of 1 KiB, each a frame of its own. */
const scatter = (a: Site, count: number) => {
  for (let at = 0; at < count; at++) a.write("vm/0", at * 8 * KiB, filled(KiB, at + 1));
};
const statusOf = (site: Site) => site.call("replication status", VM) as JsonObject;

Deno.test("every setting of enable can be changed by set, from one table", () => {
  // Behind them stand the commands of a side, and what a copy is named with.
  const first = (verb: string, names: readonly string[]) =>
    deepEqual(VERBS[verb]?.args.slice(0, names.length), names);
  first("replication set", ["vm", ...settingArguments()]);
  first("replication enable", ["vm", ...settingArguments("to")]);
  for (const name of Object.keys(SETTINGS)) {
    ok(VERBS["replication set"]?.args.includes(`${name}?`), name);
  }
});

Deno.test("settings that were changed are there after a restart; others stay", () => {
  const { a } = makePair(101);
  protect(a, { retention: "last 7" });
  a.call("replication set", { ...VM, frequency: 30 * SECOND, compression: false, bandwidth: 5000 });
  const expected = {
    to: "b:7700",
    frequency: 30 * SECOND,
    retention: "last 7",
    compression: false,
    bandwidth: 5000,
    objective: MINUTE,
  };
  const chosen = () => {
    const settings = settingsOf(a) as unknown as JsonObject;
    return Object.fromEntries(Object.keys(expected).map((name) => [name, settings[name]]));
  };
  deepEqual(chosen(), expected);
  a.host.powerLoss();
  a.host.powerOn();
  a.start();
  deepEqual(chosen(), expected);
});

Deno.test("an objective that nobody chose follows the frequency, one that was chosen stays", () => {
  const { a } = makePair(102);
  protect(a);
  a.call("replication set", { ...VM, frequency: 10 * SECOND });
  equal(settingsOf(a)?.objective, 20 * SECOND);
  a.call("replication set", { ...VM, rpo: 5 * MINUTE });
  a.call("replication set", { ...VM, frequency: 30 * SECOND });
  equal(settingsOf(a)?.objective, 5 * MINUTE);
});

Deno.test("a shorter frequency counts from the newest cycle: nobody waits for the old one", () => {
  const { a, b, world } = makePair(103);
  protect(a);
  equal(points(b).length, 1);
  a.call("replication set", { ...VM, frequency: SECOND });
  world.runUntil(world.now + 10 * SECOND);
  ok(points(b).length >= 9, `${points(b).length} points`);
  a.call("replication set", { ...VM, frequency: 3600 * SECOND });
  world.runUntil(world.now + 2 * SECOND);
  const { length } = points(b);
  world.runUntil(world.now + 60 * SECOND);
  equal(points(b).length, length);
});

Deno.test("the replica is told of other settings before the next cycle's data", () => {
  const { a, b, world } = makePair(104);
  protect(a);
  a.call("replication set", { ...VM, retention: "last 2" });
  for (let cycle = 0; cycle < 4; cycle++) a.call("replication cycle", VM);
  world.runUntil(world.now + 5 * SECOND);
  equal(points(b).length, 2);
});

Deno.test("a change amid a cycle loses nothing of it, and a bandwidth holds at once", () => {
  const { a, b, world } = makePair(105);
  protect(a, { bandwidth: 2_000, compression: false });
  const before = statusOf(a)["bytesSent"] as number;
  scatter(a, 64);
  const server = a.server as Server;
  const cycle = a.host.process!.loop.start("cycle", server.call("replication cycle", VM));
  world.runUntil(world.now + 5 * SECOND);
  const running = () => cycle.outcome === undefined;
  ok(running(), "64 KiB at 2,000 bytes a second take half a minute");
  const staged = (b.server as Server).replica.machine("vm").store.openDelta?.id;
  ok(staged !== undefined);
  const begun = world.now;
  a.call("replication set", { ...VM, bandwidth: 0, frequency: MINUTE });
  world.runWhile(running, 60 * SECOND);
  ok(world.now - begun < 3 * SECOND, `${world.now - begun} µs`);
  ok(cycle.outcome?.ok === true);
  equal(statusOf(a)["bytesSent"], before + 64 * KiB, "nothing travelled twice");
  b.call("failover start", VM);
  for (let at = 0; at < 64; at++) deepEqual(b.read("vm/0", at * 8 * KiB, KiB), filled(KiB, at + 1));
});

Deno.test("a bandwidth that comes later bounds the frames behind it", () => {
  const { a, world } = makePair(106);
  protect(a, { compression: false });
  a.call("replication set", { ...VM, bandwidth: 10_000 });
  scatter(a, 100);
  const before = world.now;
  a.call("replication cycle", VM);
  const seconds = (world.now - before) / SECOND;
  ok(seconds > 9 && seconds < 12, `${seconds} s for 100 KiB at 10,000 a second`);
});

Deno.test("another replica server is gone to at once, and the one before is left alone", () => {
  const { a, world } = makePair(107);
  protect(a);
  a.call("replication set", { ...VM, to: "c:7700" });
  world.runUntil(world.now + 11 * SECOND);
  match(JSON.stringify(statusOf(a)["warnings"]), /c:7700/);
  a.call("replication set", { ...VM, to: "b:7700" });
  a.call("replication cycle", VM);
  equal(statusOf(a)["health"], "Normal");
});

Deno.test("what cannot be is refused by name and changes nothing", () => {
  const { a, b } = makePair(108);
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  throws(() => a.call("replication set", { ...VM, frequency: SECOND }), /is not replicated/);
  a.call("vm remove", VM);
  protect(a);
  const before = settingsOf(a);
  const refused: [JsonObject, RegExp][] = [
    [{}, /Nothing to change/],
    [{ frequency: 1 }, /frequency is out of range/],
    [{ frequency: 3601 * SECOND }, /frequency is out of range/],
    [{ frequency: "fast" }, /"frequency"/],
    [{ to: "nowhere" }, /address/],
    [{ to: "" }, /"to"/],
    [{ retention: "last 0" }, /from 1 to 2048/],
    [
      { frequency: SECOND, retention: "all 1d" },
      /comes to \d+ recovery points with one every 1 s, and a replica keeps 1204/,
    ],
    [{ compression: "yes" }, /"compression"/],
    [{ bandwidth: -1 }, /bandwidth/],
    [{ rpo: -1 }, /objective/],
    [{ frequency: SECOND, bandwidth: -1 }, /bandwidth/],
  ];
  for (const [args, message] of refused) {
    throws(() => a.call("replication set", { ...VM, ...args }), message);
    deepEqual(settingsOf(a), before);
  }
  throws(() => b.call("replication set", { ...VM, frequency: SECOND }), (error: Failed) => {
    match(error.message, /replicated to this server from a/);
    match(error.failure.action, /Run the command on a/);
    return error.code === "wrong-state";
  });
});

Deno.test("no setting changes while the machine is locked for a planned failover: its replica would not know", () => {
  const { a } = makePair(138);
  protect(a, { frequency: 30 * SECOND });
  a.call("failover prepare", { vm: "vm" });
  const change = { vm: "vm", freeze: "freeze", thaw: "thaw", frequency: 60 * SECOND };
  throws(
    () => a.call("replication set", change),
    (error) =>
      isFailed(error, "wrong-state") && /failover cancel/.test(error.failure.action) &&
      /PreparedForFailover/.test(error.failure.message),
  );
  deepEqual(a.server?.commands.of("vm"), {}, "nor commands beside it");
  a.call("replication set", { vm: "vm", freeze: "freeze", thaw: "thaw" });
  a.call("failover cancel", { vm: "vm" });
  a.call("replication set", { vm: "vm", frequency: 60 * SECOND });
  equal(settingsOf(a)?.frequency, 60 * SECOND);
});

Deno.test("a change that cannot be made durable is not made", () => {
  const { a } = makePair(109);
  protect(a);
  const before = settingsOf(a);
  a.host.data.volume.faults.full = true;
  throws(() => a.call("replication set", { ...VM, frequency: SECOND }), /space/);
  a.host.data.volume.faults.full = false;
  deepEqual(settingsOf(a), before);
});
