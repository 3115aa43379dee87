/**
 * A planned failover that was cut short or refused amid its steps goes on, and loses nothing for that (L4, M48).
 *
 * @module
 */

import { deepEqual, equal, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { DAY, KiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { FileNode } from "../../../../engine/sim/volume.ts";
import { replicaFolder } from "../../../../engine/sim/scenario/replica_files.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const status = (site: Site) => site.call("replication status", VM) as JsonObject;

Deno.test("what a replica has promised and has no room for is done by itself once there is room", () => {
  const { a, b } = makePair(56);
  protect(a);
  a.write("vm/0", 0, filled(4 * KiB, 3));
  a.call("failover prepare", VM);
  const { faults } = b.host.data.volume;
  faults.full = true;
  throws(() => a.call("failover planned", VM), /has promised to take it over, and has not yet/);
  throws(() => a.call("failover planned", VM), /has promised to take it over, and has not yet/);
  equal(status(b)["role"], "replica");
  faults.full = false;
  b.host.world.runFor(30 * SECOND);
  equal(status(b)["role"], "primary");
  equal(status(a)["role"], "replica");
  deepEqual(b.read("vm/0", 0, 4 * KiB), filled(4 * KiB, 3));
  // Nobody tries any more: back and there again it is as before.
  b.call("failover planned", VM);
  equal(status(a)["role"], "primary");
  b.host.world.runFor(30 * SECOND);
  equal(status(b)["role"], "replica");
});

Deno.test("a machine whose right to be started came back for a cancel that was cut short is given away all the same", () => {
  const { a, b } = makePair(57);
  protect(a);
  a.write("vm/0", 0, filled(4 * KiB, 3));
  a.call("failover prepare", VM);
  // The replica has answered the cancel, durably, and the primary died before it had heard of that.
  b.host.run(b.server!.replica.machine("vm").returnToken());
  a.host.kill();
  a.start();
  equal(status(a)["state"], "PreparedForFailover");
  a.call("failover planned", VM);
  equal(status(b)["role"], "primary");
  deepEqual(b.read("vm/0", 0, 4 * KiB), filled(4 * KiB, 3));
});

Deno.test("a machine is not given to a replica of which nobody knows what its disks hold, and is taken back (R9)", () => {
  const { a, b, world } = makePair(59);
  protect(a);
  a.write("vm/0", 0, filled(4 * KiB, 3));
  a.call("replication cycle", VM);
  world.runFor(SECOND);
  b.host.kill();
  const node = replicaFolder(b.host, "vm")?.entries.get("disk-0.raw") as FileNode;
  node.sectors.damage(0, filled(512, 9));
  node.changed = node.durableChanged = b.host.wall() + DAY;
  b.start();
  throws(
    () => a.call("failover prepare", VM),
    /at the replica are not as its last apply left them/,
  );
  throws(
    () => a.call("failover planned", VM),
    /at the replica are not as its last apply left them/,
  );
  equal(status(b)["role"], "replica");
  a.call("failover cancel", VM);
  equal(status(a)["state"], "Replicating");
});

Deno.test("what was cut as the last of a machine and was not sent is a point like any other once it was taken back", () => {
  for (const again of [false, true]) {
    const { world, a, b } = makePair(58);
    protect(a, { compression: false });
    for (let at = 0; at < 128; at += 8) a.write("vm/0", at * KiB, filled(4 * KiB, 1 + at));
    world.net.link("a", "b").speed = { ...world.net.usual, bandwidth: 20_000 };
    const prepare = () =>
      a.host.process?.loop.start("prepare", a.server!.call("failover prepare", VM));
    prepare();
    const open = () => b.server?.replica.machine("vm").store.openDelta;
    world.runWhile(() => (open()?.records ?? 0) < 2, 30 * SECOND);
    const delta = open()?.id;
    world.net.reset("a", "b");
    throws(() => a.call("failover cancel", VM), /connection was reset/);
    a.call("failover cancel", VM);
    equal(open()?.id, delta, "what the replica holds stays");
    a.write("vm/0", 0, filled(4 * KiB, 4));
    if (again) {
      // Lost once more before the delta was sealed: it is still open when the machine is prepared again.
      world.net.reset("a", "b");
      throws(() => a.call("failover planned", VM), /connection was reset/);
      a.call("failover planned", VM);
      equal(status(b)["role"], "primary");
      deepEqual(b.read("vm/0", 0, 4 * KiB), filled(4 * KiB, 4), "nothing is lost");
      continue;
    }
    const failures = Number(status(a)["failures"]);
    a.call("replication cycle", VM);
    equal(status(a)["failures"], failures);
    equal((b.call("points list", VM) as JsonObject[]).at(-1)?.["kind"], "standard");
  }
});
