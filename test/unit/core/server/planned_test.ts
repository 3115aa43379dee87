/**
 * Planned failover: nothing is lost, the primary is locked, and every step can be cancelled (L4, M48).
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { Failed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND, type Token } from "../../../../engine/core/base/units.ts";
import { all } from "../../../../engine/core/runtime/together.ts";
import { bringUpPlanned } from "../../../../engine/core/server/planned_failover.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const status = (site: Site) => site.call("replication status", VM) as JsonObject;
const whole = (site: Site) => site.read("vm/0", 0, MiB);
const offered = (site: Site) => site.server?.exports.list() ?? [];

Deno.test("in one act the machine moves, with every byte, and the old primary is its replica", () => {
  const { a, b } = makePair(41);
  protect(a);
  a.write("vm/0", 0, filled(12 * KiB, 3));
  const before = whole(a);
  const moved = a.call("failover planned", VM) as JsonObject;
  equal(moved["role"], "replica");
  equal(status(b)["role"], "primary");
  deepEqual(whole(b), before);
  deepEqual(offered(a), []);
  b.write("vm/0", 512 * KiB, filled(KiB, 4));
  b.call("replication cycle", VM);
  equal(status(b)["bytesSent"], KiB);
  const now = whole(b);
  b.call("failover planned", VM);
  equal(status(a)["role"], "primary");
  deepEqual(whole(a), now);
  a.write("vm/0", 0, filled(KiB, 5));
  a.call("replication cycle", VM);
  equal(status(a)["bytesSent"], KiB, "there and back costs what was written");
});

Deno.test("step by step: prepared, started there, reversed", () => {
  const { a, b } = makePair(42);
  protect(a);
  a.write("vm/0", 0, filled(KiB, 3));
  const before = whole(a);
  equal((a.call("failover prepare", VM) as JsonObject)["state"], "PreparedForFailover");
  deepEqual(offered(a), [], "the primary is locked");
  equal((b.call("points list", VM) as JsonObject[]).at(-1)?.["kind"], "planned");
  a.host.powerLoss();
  a.host.powerOn();
  a.start();
  deepEqual(offered(a), [], "and stays so");
  b.call("failover start", VM);
  deepEqual(whole(b), before);
  b.call("failover reverse", VM);
  b.call("replication cycle", VM);
  equal(status(a)["role"], "replica");
  equal(status(b)["bytesSent"], 0, "what nobody wrote is not sent");
});

Deno.test("what is prepared is cancelled by the replica's word", () => {
  const { a, b } = makePair(43);
  protect(a);
  a.call("failover prepare", VM);
  b.call("failover start", VM);
  throws(() => a.call("failover cancel", VM), /has not given the right to start "vm" back/);
  equal(status(a)["state"], "PreparedForFailover");
  b.call("failover cancel", VM);
  equal((a.call("failover cancel", VM) as JsonObject)["state"], "Replicating");
  a.write("vm/0", 0, filled(KiB, 7));
  a.call("replication cycle", VM);
  b.call("failover start", VM);
  deepEqual(whole(b), whole(a));
});

Deno.test("a replica that cannot be reached keeps what is prepared; force begins a generation", () => {
  const { a, b } = makePair(44);
  protect(a);
  const generation = status(a)["generation"];
  a.call("failover prepare", VM);
  b.host.kill();
  throws(() => a.call("failover cancel", VM), /has not given the right/);
  a.call("failover cancel", { ...VM, force: true });
  a.write("vm/0", 0, filled(KiB, 1));
  b.start();
  a.call("replication cycle", VM);
  equal(status(b)["generation"] === generation, false);
  b.call("failover start", VM);
  deepEqual(whole(b), whole(a));
});

Deno.test("a machine is prepared only off, reachable, and where it may come back from", () => {
  const { world, a, b } = makePair(45);
  protect(a);
  a.call("server set", { allow: "entries" });
  throws(() => a.call("failover prepare", VM), /could not be replicated back/);
  equal(status(a)["state"], "Replicating");
  a.call("server set", { allow: "any" });
  b.host.kill();
  world.runFor(5 * SECOND);
  throws(() => a.call("failover prepare", VM));
  equal(status(a)["state"], "Replicating", "what cannot be reached is not prepared for");
});

Deno.test("a server that waits for its replica to take a machine over stops at once all the same", () => {
  const { world, a, b } = makePair(47);
  protect(a);
  const before = whole(a);
  const server = a.server;
  if (server === undefined) throw new Error("no server");
  const run = a.host.process?.loop.start("planned", server.call("failover planned", VM));
  world.runWhile(() => status(b)["state"] !== "FailedOverWaitingCompletion", 10 * SECOND);
  b.host.kill();
  world.runFor(SECOND);
  const outcome = () => run?.outcome;
  equal(outcome(), undefined, "it waits");
  const asked = world.now;
  a.host.run(server.stop(), 60 * SECOND);
  ok(world.now - asked < 5 * SECOND, `${world.now - asked} µs`);
  equal(outcome()?.ok, false);
  a.host.kill();
  a.start();
  b.start();
  world.runFor(60 * SECOND);
  equal(status(b)["role"], "primary", "what was promised was done");
  deepEqual(whole(b), before);
});

Deno.test("prepared while the link is lost amid it, it goes on when it is back", () => {
  const { world, a, b } = makePair(46);
  protect(a);
  a.write("vm/0", 0, filled(256 * KiB, 3));
  const before = whole(a);
  const server = a.server;
  if (server === undefined) throw new Error("no server");
  const run = a.host.process?.loop.start("prepare", server.call("failover prepare", VM));
  world.runWhile(() => status(a)["state"] !== "PreparedForFailover", 10 * SECOND);
  b.host.kill();
  world.runWhile(() => run?.outcome === undefined, 60 * SECOND);
  equal(run?.outcome?.ok, false);
  match(String(status(a)["state"]), /PreparedForFailover/);
  b.start();
  a.call("failover prepare", VM);
  b.call("failover start", VM);
  deepEqual(whole(b), before);
});

Deno.test("a failover that was promised is not done once its primary has taken the machine back", () => {
  const { a, b } = makePair(49);
  protect(a);
  a.call("failover prepare", VM);
  const { server } = b;
  if (server === undefined) throw new Error("It has started");
  b.host.run(function* () {
    const machine = server.replica.machine("vm");
    yield* machine.takePlanned(machine.record.planned?.token as Token);
    yield* all("race", [bringUpPlanned(server, "vm"), machine.returnToken()]);
  }());
  equal(status(b)["state"], "Replicating");
  equal((a.call("failover cancel", VM) as JsonObject)["state"], "Replicating");
  b.host.kill();
  b.start();
  equal(status(b)["state"], "Replicating");
});

Deno.test("a cycle that is under way when the machine is locked is one more point, and holds nothing up", () => {
  const { a, b } = makePair(50);
  a.host.addDisk("two.img", { size: MiB });
  a.call("vm add", { vm: "vm", disks: ["vm.img", "two.img"] });
  a.call("replication enable", { vm: "vm", to: "b:7700", frequency: 3600 * SECOND });
  a.call("replication start", VM);
  a.call("replication cycle", VM);
  b.call("failover start", VM);
  b.call("failover reverse", VM);
  b.call("replication cycle", VM);
  a.world.runFor(60 * SECOND);
  // What changes the disks asks for a cycle, which is on its way when the move begins.
  b.call("vm disk exclude", { ...VM, disk: 1 });
  b.write("vm/0", 0, filled(KiB, 3));
  const before = whole(b);
  b.call("failover planned", VM);
  deepEqual(whole(a), before);
  equal(status(b)["role"], "replica");
});

Deno.test("the right to start a machine is not offered again while it is taken back", () => {
  for (let step = 0; step < 20; step++) {
    const { world, a, b } = makePair(52);
    protect(a);
    const { server } = a;
    if (server === undefined) throw new Error("It has started");
    const promised = () => b.server?.replica.machine("vm").record.planned;
    // Locked, and the link lost before the replica has all of it: it is sent as soon as there is one again.
    a.host.process?.loop.start("prepare", server.call("failover prepare", VM));
    world.runWhile(() => promised() === undefined, 10 * SECOND);
    b.host.kill();
    world.runFor(SECOND);
    b.start();
    world.runFor(100 * step);
    a.call("failover cancel", VM);
    equal(status(a)["state"], "Replicating");
    world.runFor(5 * SECOND);
    equal(promised(), undefined, `taken back at step ${step}: nobody else may start it`);
  }
});

Deno.test("who waits for a machine to be prepared is told when it was taken back meanwhile", () => {
  for (const verb of ["failover prepare", "failover planned"]) {
    const { world, a, b } = makePair(57);
    protect(a);
    a.write("vm/0", 0, filled(256 * KiB, 3));
    const run = a.host.process?.loop.start("move", a.server!.call(verb, VM));
    // Locked, and the replica has the right to start it, and not all of its data yet.
    world.runWhile(() => b.server?.replica.machine("vm").record.planned === undefined, 10 * SECOND);
    a.call("failover cancel", { ...VM, force: true });
    deepEqual(offered(a), ["vm/0"], "the machine runs here");
    world.runWhile(() => run?.outcome === undefined, 60 * SECOND);
    const outcome = run?.outcome;
    if (outcome?.ok !== false) throw new Error(`"${verb}" was done`);
    const { code, failure } = outcome.error as Failed;
    equal(code, "wrong-state");
    match(failure.message, /planned failover of "vm" was cancelled meanwhile/);
    match(failure.action, /"warmsite failover prepare vm"/);
    deepEqual(offered(a), ["vm/0"]);
  }
});

Deno.test("a replica that holds the right to start a prepared machine is removed only by force (L4)", () => {
  for (const verb of ["vm remove", "replication disable"]) {
    const { a, b } = makePair(51);
    protect(a);
    a.write("vm/0", 0, filled(KiB, 3));
    a.call("failover prepare", VM);
    throws(() => b.call(verb, VM), ({ code, message, failure: { action } }: Failed) => {
      match(message, /"a" has prepared a planned failover to it/);
      match(action, /"warmsite failover cancel vm" there/);
      return code === "wrong-state";
    });
    equal((b.call("points list", VM) as JsonObject[]).at(-1)?.["kind"], "planned");
    a.call("failover cancel", VM);
    b.call(verb, VM);
  }
});

Deno.test("a prepared machine whose replica was removed by force is taken back, and sent again", () => {
  const { a, b, world } = makePair(53);
  protect(a);
  a.write("vm/0", 0, filled(KiB, 3));
  a.call("failover prepare", VM);
  b.call("vm remove", { ...VM, force: true });
  world.runFor(30 * SECOND);
  throws(() => a.call("failover cancel", VM), ({ message, failure: { action } }: Failed) => {
    match(message, /The replica holds nothing of this machine/);
    match(action, /"warmsite failover cancel vm --force"/);
    return true;
  });
  a.call("failover cancel", { ...VM, force: true });
  a.write("vm/0", KiB, filled(KiB, 4));
  a.call("replication cycle", VM);
  b.call("failover start", VM);
  deepEqual(whole(b), whole(a));
});
