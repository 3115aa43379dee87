/**
 * Initial replication as an administrator has it: put off to a time, stopped, called off, gone on with.
 *
 * @module
 */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { DAY, MiB, MINUTE, SECOND } from "../../../../engine/core/base/units.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };

function enabled(seed: number, settings: JsonObject = {}, size = MiB) {
  const pair = makePair(seed, size);
  pair.a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  pair.a.call("replication enable", {
    vm: "vm",
    to: "b:7700",
    frequency: 3600 * SECOND,
    ...settings,
  });
  return pair;
}

function status(site: Site): JsonObject {
  return site.call("replication status", VM) as JsonObject;
}

function state(site: Site): string {
  return String(status(site)["state"]);
}

/** Content of the guest's disk, and of the point that a failover starts on. */
function sameAtBoth(a: Site, b: Site, size = MiB): void {
  b.call("failover start", VM);
  deepEqual(
    b.read("vm/0", 0, size),
    a.host.disks.get("vm.img")!.node.sectors.read(0, size),
  );
}

for (const ahead of [MINUTE, 3 * DAY, 30 * DAY]) {
  Deno.test(`a start ${ahead / MINUTE} minutes ahead comes within 5 s of its time, over restarts (M24)`, () => {
    const { world, a, b } = enabled(31);
    const at = a.host.wall() + ahead;
    a.call("replication start", { vm: "vm", at });
    const waits = () => state(a) === "ReadyForInitialReplication";
    const left = () => at - a.host.wall();
    // Killed, then without power, then killed again.
    for (const end of ["kill", "power", "kill"] as const) {
      world.runFor(Math.floor(left() / 3));
      ok(waits(), `not ${left()} µs before its time`);
      equal((status(a)["initialReplication"] as JsonObject)["startsAt"], at);
      if (end === "kill") a.host.kill();
      else {
        a.host.powerLoss();
        a.host.powerOn();
      }
      a.start();
      equal((status(a)["initialReplication"] as JsonObject)["startsAt"], at);
    }
    world.runFor(left() - SECOND);
    ok(waits(), "not a second before its time");
    world.runWhile(waits, 10 * SECOND);
    ok(left() <= 0 && left() >= -5 * SECOND, `started ${-left()} µs after its time`);
    world.runWhile(() => state(a) !== "Replicating", 60 * SECOND);
    sameAtBoth(a, b);
  });
}

Deno.test("a start whose time came while the server was down comes with the server (M24)", () => {
  const { world, a } = enabled(32);
  a.call("replication start", { vm: "vm", at: a.host.wall() + MINUTE });
  a.host.kill();
  world.runFor(10 * MINUTE);
  a.start();
  world.runWhile(() => state(a) === "ReadyForInitialReplication", 5 * SECOND);
  equal(state(a) === "ReadyForInitialReplication", false);
});

Deno.test("a clock that is set forward past the time starts what was put off (M24)", () => {
  const { world, a } = enabled(33);
  a.call("replication start", { vm: "vm", at: a.host.wall() + 20 * DAY });
  world.runFor(10 * SECOND);
  a.host.jumpWall(21 * DAY);
  world.runWhile(() => state(a) === "ReadyForInitialReplication", 5 * SECOND);
  equal(state(a) === "ReadyForInitialReplication", false);
});

Deno.test("a clock that is set back before the time of a start has it wait for that time, and one set back amid it stops nothing (M24)", () => {
  const size = 8 * MiB;
  const { world, a, b } = enabled(36, { bandwidth: 1_000_000, compression: false }, size);
  for (let at = 0; at < size; at += MiB) a.write("vm/0", at, filled(MiB, 1 + at / MiB));
  const at = a.host.wall() + 60 * MINUTE;
  a.call("replication start", { vm: "vm", at });
  world.runFor(30 * MINUTE);
  a.host.jumpWall(-DAY);
  // Where the server was started while the clock was wrong, it waits by the clock that it finds.
  for (const restart of [false, true]) {
    world.runFor(12 * 60 * MINUTE);
    equal(state(a), "ReadyForInitialReplication", "it is not the time yet");
    equal((status(a)["initialReplication"] as JsonObject)["startsAt"], at);
    if (!restart) continue;
    a.host.kill();
    a.start();
  }
  world.runFor(at - a.host.wall() - MINUTE);
  equal(state(a), "ReadyForInitialReplication", "a minute before");
  world.runFor(MINUTE + 5 * SECOND);
  equal(state(a), "InitialReplicationInProgress");
  // It has begun: what the clock says from here on is no matter.
  a.host.jumpWall(-DAY);
  const sent = Number(status(a)["bytesSent"]);
  world.runFor(2 * SECOND);
  ok(Number(status(a)["bytesSent"]) > sent, "it goes on");
  a.host.kill();
  a.start();
  world.runWhile(() => state(a) !== "Replicating", 60 * SECOND);
  equal(state(a), "Replicating", "also behind a restart");
  sameAtBoth(a, b, size);
});

Deno.test("a scheduled start is called off, put off again, or begins now, as the administrator says (M24)", () => {
  const { world, a } = enabled(34);
  throws(() => a.call("replication stop", VM), /No initial replication of "vm" runs or is sched/);
  a.call("replication start", { vm: "vm", at: a.host.wall() + MINUTE });
  a.call("replication stop", VM);
  equal(status(a)["initialReplication"], null);
  world.runFor(2 * MINUTE);
  equal(state(a), "ReadyForInitialReplication");
  a.call("replication start", { vm: "vm", at: a.host.wall() + MINUTE });
  a.call("replication start", { vm: "vm", at: a.host.wall() + DAY });
  world.runFor(2 * MINUTE);
  equal(state(a), "ReadyForInitialReplication", "the later time counts");
  a.call("replication start", VM);
  a.call("replication cycle", VM);
  equal(state(a), "Replicating");
  throws(
    () => a.call("replication start", { vm: "vm", at: a.host.wall() + DAY }),
    /wrong-state: Cannot schedule the initial replication of "vm" in state Replicating/,
  );
  throws(() => a.call("replication stop", VM), /wrong-state: No initial replication .*Replicating/);
});

Deno.test("a stopped initial replication tracks on, and a later start goes on where it stood (M27)", () => {
  const size = 8 * MiB;
  const { world, a, b } = enabled(35, { bandwidth: 1_000_000, compression: false }, size);
  for (let at = 0; at < size; at += MiB) a.write("vm/0", at, filled(MiB, 1 + at / MiB));
  a.call("replication start", VM);
  world.runWhile(() => Number(status(a)["bytesSent"]) < size / 2, 60 * SECOND);
  a.call("replication stop", VM);
  equal(state(a), "ReadyForInitialReplication");
  equal(state(b), "WaitingForInitialReplication");
  const sent = Number(status(a)["bytesSent"]);
  world.runFor(30 * SECOND);
  equal(Number(status(a)["bytesSent"]), sent, "nothing travels while it is stopped");
  a.write("vm/0", 12_288, filled(512, 99));
  a.host.kill();
  a.start();
  a.call("replication start", VM);
  a.call("replication cycle", VM);
  const again = Number(status(a)["bytesSent"]);
  ok(
    sent + again <= size + 4.5 * MiB,
    `${sent} bytes before and ${again} after: what was in flight was sent twice, and no more`,
  );
  sameAtBoth(a, b, size);
});

Deno.test("what is stopped may be ended, and started over after that", () => {
  const { a, b } = enabled(36);
  a.write("vm/0", 0, filled(4096, 5));
  a.call("replication start", VM);
  a.call("replication stop", VM);
  a.call("replication disable", VM);
  equal(state(a), "Disabled");
  a.call("replication enable", { vm: "vm", to: "b:7700", frequency: 3600 * SECOND });
  a.call("replication start", VM);
  a.call("replication cycle", VM);
  sameAtBoth(a, b);
});

Deno.test("a machine that is protected says nothing of how its first copy came", () => {
  const { a } = makePair(37);
  protect(a);
  equal(status(a)["initialReplication"], null);
});

Deno.test("a start that is asked for again is tried at once, whatever wait follows the last failure (M76)", () => {
  const { world, a, b } = enabled(39);
  b.host.kill();
  a.call("replication start", VM);
  world.runWhile(() => Number(status(a)["failures"]) === 0, MINUTE);
  b.start();
  world.runFor(5 * SECOND);
  equal(state(a), "InitialReplicationInProgress", "the next attempt is a minute away");
  a.call("replication start", VM);
  world.runFor(5 * SECOND);
  equal(state(a), "Replicating");
  sameAtBoth(a, b);
});
