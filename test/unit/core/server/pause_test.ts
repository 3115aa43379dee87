/**
 * Pause and resume on either side: what goes on, what does not, what is said, and what a restart finds.
 *
 * @module
 */
// Long because: each test is one way in which a pause meets something else.

import { equal, match, ok, throws } from "node:assert/strict";
import type { Failed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import type { Server } from "../../../../engine/core/server/server.ts";
import type { SimWorld } from "../../../../engine/sim/world.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const statusOf = (site: Site) => site.call("replication status", VM) as JsonObject;
const points = (b: Site) => (b.server as Server).replica.points("vm");
const warnings = (site: Site) => (statusOf(site)["warnings"] as string[]).join("\n");
const pass = (world: SimWorld, micros: number) => world.runUntil(world.now + micros);

Deno.test("a paused primary sends nothing, its RPO grows, and resume sends everything at once", () => {
  const { a, b, world } = makePair(201);
  protect(a, { frequency: SECOND });
  pass(world, 3 * SECOND);
  const paused = a.call("replication pause", VM) as JsonObject;
  equal(paused["state"], "Suspended");
  equal(paused["health"], "Warning");
  match(warnings(a), /Paused here: nothing is sent, changes are tracked.*replication resume/);
  const { length } = points(b);
  const sent = statusOf(a)["bytesSent"];
  a.write("vm/0", 0, filled(8 * KiB, 1));
  pass(world, 2 * MINUTE);
  a.write("vm/0", 64 * KiB, filled(8 * KiB, 2));
  equal(statusOf(a)["bytesSent"], sent);
  equal(points(b).length, length);
  ok((statusOf(a)["rpoSeconds"] as number) >= 119);
  equal(statusOf(a)["objective"], "breached");
  equal(statusOf(a)["backlogBytes"], 16 * KiB, "changes are tracked");
  a.call("replication resume", VM);
  pass(world, SECOND);
  equal(statusOf(a)["rpoSeconds"], 0);
  equal(statusOf(a)["health"], "Normal");
  b.call("failover start", VM);
  equal(b.read("vm/0", 0, 512)[0], 1);
  equal(b.read("vm/0", 64 * KiB, 512)[0], 2);
});

Deno.test("a pause outlives kill and power loss of the primary", () => {
  const { a, b, world } = makePair(202);
  protect(a, { frequency: SECOND });
  a.call("replication pause", VM);
  for (const how of ["kill", "power"]) {
    if (how === "kill") a.host.kill();
    else {
      a.host.powerLoss();
      a.host.powerOn();
    }
    a.start();
    // Before it serves its guest it asks the replica (L6).
    pass(world, 15 * SECOND);
    const { length } = points(b);
    a.write("vm/0", 0, filled(KiB, 5));
    pass(world, 10 * SECOND);
    equal(statusOf(a)["state"], "Suspended", how);
    equal(points(b).length, length, how);
  }
  a.call("replication resume", VM);
  pass(world, 3 * SECOND);
  b.call("failover start", VM);
  equal(b.read("vm/0", 0, 512)[0], 5);
});

Deno.test("a cycle under way ends with the pause, and its waiting caller is told why", () => {
  const { a, b, world } = makePair(203);
  protect(a, { bandwidth: 2000, compression: false });
  for (let at = 0; at < 64; at++) a.write("vm/0", at * 8 * KiB, filled(KiB, at + 1));
  const server = a.server as Server;
  const cycle = a.host.process!.loop.start("cycle", server.call("replication cycle", VM));
  pass(world, 5 * SECOND);
  const before = statusOf(a)["bytesSent"] as number;
  a.call("replication pause", VM);
  pass(world, 5 * SECOND);
  const { outcome } = cycle;
  ok(outcome?.ok === false);
  match(String(outcome.error), /Suspended/);
  equal(statusOf(a)["health"], "Warning", "it was ended on purpose: nothing has failed");
  const after = statusOf(a)["bytesSent"] as number;
  ok(after - before <= 2 * KiB, `${after - before} bytes behind the pause`);
  a.write("vm/0", 0, filled(KiB, 99));
  a.call("replication set", { ...VM, bandwidth: 0 });
  a.call("replication resume", VM);
  pass(world, 5 * SECOND);
  equal(statusOf(a)["rpoSeconds"], 0, "everything is in the one point of the resume");
  b.call("failover start", VM);
  equal(b.read("vm/0", 0, 512)[0], 99);
  equal(b.read("vm/0", 63 * 8 * KiB, 512)[0], 64);
});

Deno.test("a paused replica refuses what is sent; the primary says so, goes on tracking, and is no error", () => {
  const { a, b, world } = makePair(204);
  protect(a, { frequency: SECOND });
  equal((b.call("replication pause", VM) as JsonObject)["state"], "Suspended");
  equal(statusOf(b)["health"], "Critical");
  match(warnings(b), /Paused here: what is sent is refused/);
  a.write("vm/0", 0, filled(8 * KiB, 1));
  pass(world, 20 * SECOND);
  const { length } = points(b);
  equal(statusOf(a)["state"], "Replicating");
  equal(statusOf(a)["health"], "Critical");
  match(warnings(a), /paused at the replica.*Resume it on b/);
  ok((statusOf(a)["rpoSeconds"] as number) >= 19);
  b.host.kill();
  b.start();
  pass(world, 10 * SECOND);
  equal(statusOf(b)["state"], "Suspended");
  equal(points(b).length, length, "also behind a restart of the replica");
  b.call("replication resume", VM);
  pass(world, 3 * SECOND);
  a.call("replication reset-statistics", VM);
  equal(statusOf(a)["health"], "Normal");
  equal(statusOf(a)["rpoSeconds"], 0);
  ok(points(b).length > length);
});

Deno.test("while the replica is paused no cut is made for nothing, and few failures are told of", () => {
  const { a, b, world } = makePair(205);
  protect(a, { frequency: SECOND });
  pass(world, 3 * SECOND);
  let cuts = 0;
  let failures = 0;
  world.onEngineEvent.push(({ host, event }) => {
    if (host === "a" && event.kind === "cut") cuts++;
    if (host === "a" && event.kind === "failure") failures++;
  });
  b.call("replication pause", VM);
  pass(world, SECOND);
  const before = cuts;
  pass(world, 10 * MINUTE);
  equal(cuts, before);
  ok(failures >= 3 && failures <= 5, `${failures} failures told in ten minutes`);
});

Deno.test("a failover works while the replica is paused, and when it is cancelled it is paused again", () => {
  const { a, b, world } = makePair(206);
  protect(a, { frequency: SECOND });
  a.write("vm/0", 0, filled(KiB, 7));
  pass(world, 3 * SECOND);
  b.call("replication pause", VM);
  b.call("failover start", VM);
  equal(statusOf(b)["state"], "FailedOverWaitingCompletion");
  equal(b.read("vm/0", 0, 512)[0], 7);
  b.host.kill();
  b.start();
  equal((b.call("failover cancel", VM) as JsonObject)["state"], "Suspended");
  b.host.kill();
  b.start();
  const { length } = points(b);
  pass(world, 20 * SECOND);
  equal(points(b).length, length, "nothing is taken until somebody resumes it");
  b.call("replication resume", VM);
  pass(world, 3 * SECOND);
  ok(points(b).length > length);
  a.call("replication reset-statistics", VM);
  equal(statusOf(a)["health"], "Normal");
});

Deno.test("a planned failover that was paused at the replica is taken back, and the pause stays", () => {
  const { a, b, world } = makePair(209);
  protect(a);
  a.write("vm/0", 0, filled(KiB, 7));
  a.call("failover prepare", VM);
  b.call("replication pause", VM);
  b.call("failover start", VM);
  equal(b.read("vm/0", 0, 512)[0], 7);
  b.call("failover cancel", VM);
  equal(statusOf(b)["state"], "Suspended");
  throws(() => a.call("failover cancel", VM), ({ failure: { message, action } }: Failed) => {
    match(message, /has not given the right to start "vm" back.*paused at the replica/);
    match(action, /^Resume it on b/);
    return true;
  });
  b.call("replication resume", VM);
  equal((a.call("failover cancel", VM) as JsonObject)["state"], "Replicating");
  a.write("vm/0", 0, filled(KiB, 8));
  pass(world, 2 * MINUTE);
  b.call("failover start", VM);
  equal(b.read("vm/0", 0, 512)[0], 8);
});

Deno.test("pausing twice, or what is not replicated yet, is refused with what to do", () => {
  const { a, b } = makePair(207);
  const refused = (site: Site, verb: string, message: RegExp, action: RegExp) => {
    const { state } = statusOf(site);
    throws(() => site.call(verb, VM), (error: Failed) => {
      match(error.message, message);
      match(error.failure.action, action);
      return error.code === "wrong-state";
    });
    equal(statusOf(site)["state"], state, "and changes nothing");
  };
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  refused(
    a,
    "replication pause",
    /Cannot pause replication of "vm" in state Disabled/,
    /replication enable/,
  );
  a.call("replication enable", { ...VM, to: "b:7700", frequency: 3600 * SECOND, bandwidth: 1 });
  refused(a, "replication pause", /ReadyForInitialReplication/, /replication start/);
  a.call("replication start", VM);
  refused(
    a,
    "replication pause",
    /InitialReplicationInProgress/,
    /stop it.*"warmsite replication stop"/,
  );
  a.call("replication set", { ...VM, bandwidth: 0 });
  a.call("replication cycle", VM);
  refused(
    a,
    "replication resume",
    /Cannot resume replication of "vm" in state Replicating/,
    /status/,
  );
  refused(
    b,
    "replication resume",
    /Cannot resume replication of "vm" in state Replicating/,
    /status/,
  );
  a.call("replication pause", VM);
  b.call("replication pause", VM);
  refused(
    a,
    "replication pause",
    /Cannot pause replication of "vm" in state Suspended/,
    /replication resume/,
  );
  refused(
    b,
    "replication pause",
    /Cannot pause replication of "vm" in state Suspended/,
    /replication resume/,
  );
  refused(a, "replication cycle", /in state Suspended/, /replication resume/);
  refused(a, "replication start", /Suspended/, /replication resume/);
});

Deno.test("an error that a person must mend stops attempts, outlives a restart, and ends with resume", () => {
  const { a, b, world } = makePair(208);
  protect(a, { frequency: SECOND });
  b.host.addDisk("vm.img", { size: 1024 * KiB });
  b.call("vm remove", VM);
  // Another machine of this name is at the replica.
  b.call("vm add", { vm: "vm", disks: ["vm.img"] });
  pass(world, 3 * SECOND);
  equal(statusOf(a)["state"], "Error");
  let failures = 0;
  world.onEngineEvent.push(({ host, event }) => {
    if (host === "a" && event.kind === "failure") failures++;
  });
  pass(world, 60 * MINUTE);
  equal(failures, 0, "nothing is tried");
  a.host.kill();
  a.start();
  pass(world, MINUTE);
  equal(statusOf(a)["state"], "Error");
  equal(statusOf(a)["health"], "Critical");
  match(warnings(a), /runs on the replica server itself. Choose another name/);
  throws(() => a.call("replication cycle", VM), /runs on the replica server itself/);
  b.call("vm remove", VM);
  a.call("replication resume", VM);
  pass(world, 3 * SECOND);
  // It has no replica any more: it is made anew.
  if (statusOf(a)["state"] === "WaitingForStartResynchronize") a.call("replication start", VM);
  pass(world, 10 * SECOND);
  equal(statusOf(a)["state"], "Replicating");
  a.call("replication reset-statistics", VM);
  equal(statusOf(a)["health"], "Normal");
});

Deno.test("an initial replication that was refused for good goes on as one when it is resumed", () => {
  const { a, b, world } = makePair(209);
  b.host.addDisk("vm.img", { size: 1024 * KiB });
  b.call("vm add", { vm: "vm", disks: ["vm.img"] });
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  a.call("replication enable", { ...VM, to: "b:7700", frequency: SECOND });
  a.call("replication start", VM);
  pass(world, 3 * SECOND);
  equal(statusOf(a)["state"], "Error");
  b.call("vm remove", VM);
  a.call("replication resume", VM);
  pass(world, 3 * SECOND);
  equal(statusOf(a)["state"], "Replicating");
});

Deno.test("a link that comes back is found within a cycle, whatever the ladder says", () => {
  const { a, world } = makePair(210);
  protect(a, { frequency: 5 * SECOND });
  world.net.partition("a", "b");
  let failures = 0;
  world.onEngineEvent.push(({ host, event }) => {
    if (host === "a" && event.kind === "failure") failures++;
  });
  pass(world, 40 * MINUTE);
  ok(failures >= 5 && failures <= 7, `${failures} failures told in forty minutes`);
  world.net.heal();
  a.write("vm/0", 0, filled(KiB, 1));
  pass(world, 16 * SECOND);
  a.call("replication reset-statistics", VM);
  equal(statusOf(a)["health"], "Normal");
  equal(statusOf(a)["rpoSeconds"], 0);
});

Deno.test("storage of the replica that comes back is found within a cycle, and not by sending much", () => {
  const { a, b, world } = makePair(211);
  protect(a, { frequency: 5 * SECOND, compression: false });
  b.host.data.volume.faults.full = true;
  a.write("vm/0", 0, filled(64 * KiB, 1).map((_, at) => at * 31));
  pass(world, 10 * SECOND);
  const before = statusOf(a)["bytesSent"] as number;
  pass(world, 10 * MINUTE);
  const wasted = (statusOf(a)["bytesSent"] as number) - before;
  ok(wasted <= 6 * 64 * KiB, `${wasted} bytes sent for nothing`);
  match(warnings(a), /space/i);
  b.host.data.volume.faults.full = false;
  pass(world, 11 * SECOND);
  a.call("replication reset-statistics", VM);
  equal(statusOf(a)["health"], "Normal");
});
