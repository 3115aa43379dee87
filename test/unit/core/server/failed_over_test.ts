/**
 * What a replica server says of a machine that was failed over to it.
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { HOUR, KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import { settingsBack } from "../../../../engine/core/server/planned_failover.ts";
import { lastPoints } from "../../../../engine/core/wire/retention.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import type { FileNode } from "../../../../engine/sim/volume.ts";
import { crashAmid, everyCall } from "./every_call.ts";
import { filled, makePair, protect } from "./pair.ts";

const CYCLE = { vm: "vm" };

Deno.test("a failed-over disk says where it holds data: at the point, and since", () => {
  const { a, b } = makePair(16);
  protect(a);
  for (const [at, length] of [[64, 8], [256, 4]] as const) {
    a.write("vm/0", at * KiB, filled(length * KiB, 1));
    a.call("replication cycle", CYCLE);
  }
  b.call("failover start", CYCLE);
  const disk = b.server?.exports.get("vm/0")?.disk;
  const runs = (): number[][] => {
    const extents = b.host.run(disk!.allocated(0, MiB));
    return extents.map(({ at, length }) => [at / KiB, length / KiB]);
  };
  deepEqual(runs(), [[64, 8], [256, 4]]);
  b.write("vm/0", 512 * KiB, filled(4 * KiB, 3));
  b.host.run(disk!.zero(64 * KiB, 4 * KiB));
  deepEqual(runs(), [[68, 4], [256, 4], [512, 4]]);
});

Deno.test("a torn page of an overlay's map stands in the status", () => {
  const { a, b } = makePair(17);
  protect(a);
  b.call("failover start", CYCLE);
  for (let at = 0; at < 3; at++) b.write("vm/0", at * 64 * KiB, filled(4 * KiB, 5));
  const status = () => b.call("replication status", CYCLE) as JsonObject;
  const torn = () => (status()["warnings"] as string[]).filter((line) => /torn page/.test(line));
  deepEqual(torn(), []);
  b.host.powerLoss();
  let folder = b.host.data;
  for (const name of ["replicas", "vm", "failover"]) {
    folder = folder.entries.get(name) as Directory;
  }
  // The copies of page 0 are sectors 2 and 3 of the map; the second update lies in the first of them.
  const { sectors } = folder.entries.get("disk-0.map") as FileNode;
  sectors.write(2 * 512 + 40, filled(8, 0xff));
  b.host.powerOn();
  b.start();
  equal(torn().length, 1, String(status()["warnings"]));
  equal(status()["health"], "Critical");
  deepEqual(b.read("vm/0", 0, 512), filled(512, 5));
});

Deno.test("a failover whose overlay's map is damaged is cancelled, as its message says, crash or no crash", () => {
  const crashes = everyCall([["before", "kill"], ["after", "power"]], (crash) => {
    const { a, b, world } = makePair(21);
    protect(a);
    const points = () => (b.call("points list", CYCLE) as JsonObject[]).map(({ id }) => id);
    const shown = () => b.call("replication status", CYCLE) as JsonObject;
    const before = points();
    b.call("failover start", CYCLE);
    b.write("vm/0", 0, filled(4 * KiB, 5));
    b.host.kill();
    let folder = b.host.data;
    for (const name of ["replicas", "vm", "failover"]) {
      folder = folder.entries.get(name) as Directory;
    }
    const map = (folder.entries.get("disk-0.map") as FileNode).sectors;
    map.damage(0, new Uint8Array(map.length));
    b.start();
    match(
      String(shown()["warnings"]),
      /cannot be read.*Cancel the failover \("warmsite failover cancel"\) and start it again/,
    );
    const crashed = crashAmid(b, crash, () => b.call("failover cancel", CYCLE));
    if (crashed) b.start();
    // What was not done is done when it is asked for again.
    if (shown()["state"] !== "Replicating") b.call("failover cancel", CYCLE);
    equal(shown()["state"], "Replicating");
    deepEqual(points(), before);
    a.write("vm/0", 0, filled(KiB, 7));
    a.call("replication cycle", CYCLE);
    b.call("failover start", CYCLE);
    deepEqual(b.read("vm/0", 0, KiB), filled(KiB, 7));
    deepEqual(world.violations, []);
    return crashed;
  });
  ok(crashes > 20, `${crashes} crashes`);
});

Deno.test("what keeps a machine from being opened other than its failover is not cancelled with it", () => {
  const { a, b } = makePair(22);
  protect(a);
  b.call("failover start", CYCLE);
  b.host.kill();
  const folder = (b.host.data.entries.get("replicas") as Directory).entries.get("vm") as Directory;
  const disk = folder.entries.get("disk-0.raw") as FileNode;
  folder.entries.delete("disk-0.raw");
  b.start();
  throws(() => b.call("failover cancel", CYCLE), /Disk "disk-0.raw" of the replica is not there/);
  folder.entries.set("disk-0.raw", disk);
  b.host.world.runFor(20 * SECOND);
  equal(
    (b.call("replication status", CYCLE) as JsonObject)["state"],
    "FailedOverWaitingCompletion",
  );
  equal(b.read("vm/0", 0, 1).length, 1);
});

Deno.test("a primary that greets while its machine is failed over chooses nothing at the replica (L7)", () => {
  const { a, b } = makePair(18);
  protect(a, { retention: "last 5" });
  b.call("failover start", CYCLE);
  a.call("replication disable", CYCLE);
  a.call("replication enable", { ...CYCLE, to: "b:7700", frequency: HOUR, retention: "last 2" });
  a.call("replication start", CYCLE);
  throws(() => a.call("replication cycle", CYCLE), /failed over/);
  deepEqual(b.server?.replica.machine("vm").store.retention, lastPoints(5));
  b.call("failover cancel", CYCLE);
  a.call("replication cycle", CYCLE);
  deepEqual(b.server?.replica.machine("vm").store.retention, lastPoints(2));
});

Deno.test("a reversal that failed is not done by a restart, once it was cancelled or completed instead", () => {
  for (const instead of ["cancel", "complete"]) {
    const { a, b } = makePair(19);
    protect(a);
    a.host.kill();
    b.call("failover start", CYCLE);
    b.host.run(function* () {
      // What one leaves that failed before it completed anything, for want of space for instance.
      const machine = b.server!.replica.machine("vm");
      yield* machine.setRecord({ ...machine.record, reverse: settingsBack(machine, "a:7700") });
    }());
    b.call(`failover ${instead}`, CYCLE);
    if (instead === "cancel") {
      b.call("failover start", CYCLE);
      b.call("failover complete", CYCLE);
    }
    b.host.kill();
    b.start();
    const status = b.call("replication status", CYCLE) as JsonObject;
    deepEqual([status["role"], status["state"]], ["replica", "FailedOver"], instead);
  }
});

Deno.test("a reversal that a crash cut short before its failover was being completed goes on at the next start (L6)", () => {
  const { a, b } = makePair(20);
  protect(a);
  a.write("vm/0", 0, filled(KiB, 1));
  a.call("replication cycle", CYCLE);
  a.host.kill();
  b.call("failover start", CYCLE);
  b.write("vm/0", KiB, filled(KiB, 2));
  const server = b.server!;
  const machine = server.replica.machine("vm");
  b.host.process!.loop.start("reverse", server.call("failover reverse", CYCLE));
  b.host.world.runWhile(() => machine.record.reverse === undefined, SECOND);
  equal(machine.record.failover?.completing, false, "the crash comes between the two");
  b.host.kill();
  b.start();
  const { role, state } = b.call("replication status", CYCLE) as JsonObject;
  deepEqual([role, state], ["primary", "Replicating"]);
  deepEqual(b.read("vm/0", 0, 2 * KiB), new Uint8Array([...filled(KiB, 1), ...filled(KiB, 2)]));
});

Deno.test("a server stops in order behind a cancel or a complete that failed once it had given the overlays back", () => {
  for (const end of ["cancel", "complete"]) {
    const { a, b } = makePair(21);
    protect(a);
    b.call("failover start", CYCLE);
    b.write("vm/0", 0, filled(4 * KiB, 7));
    const machine = b.server!.replica.machine("vm");
    const { faults } = b.host.data.volume;
    const before = b.host.world.afterEvent.length;
    // What is behind the record of the end fails.
    b.host.world.afterEvent.push(() => {
      if (machine.record.failover === undefined) faults.failFlushes = 1;
    });
    throws(() => b.call(`failover ${end}`, CYCLE), /failed/, end);
    b.host.world.afterEvent.splice(before);
    faults.heal();
    b.host.run(b.server!.stop());
    equal(b.host.world.violations.length, 0, b.host.world.violations[0]?.message);
  }
});
