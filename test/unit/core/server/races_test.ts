/**
 * Verbs that meet: each waits for the other or is refused, and nothing is lost between them.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { Json, JsonObject } from "../../../../engine/core/base/json.ts";
import { MiB, SECOND } from "../../../../engine/core/base/units.ts";
import type { Run } from "../../../../engine/core/runtime/loop.ts";
import type { SimWorld } from "../../../../engine/sim/world.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };

function begin(site: Site, verb: string, args: JsonObject = VM): Run<Json> {
  return site.host.process!.loop.start(verb, site.server!.call(verb, args));
}

/** Runs until all have ended; how many succeeded. */
function finish(world: SimWorld, runs: readonly Run<Json>[]): number {
  world.runWhile(() => runs.some((run) => run.outcome === undefined), 120 * SECOND);
  equal(world.violations.length, 0, world.violations[0]?.message);
  ok(runs.every((run) => run.outcome !== undefined), "A verb never ended");
  return runs.filter((run) => run.outcome?.ok).length;
}

Deno.test("of two machines added by one name at once one is refused, and one survives a restart", () => {
  const { a, world } = makePair(21);
  a.host.addDisk("other.img", { size: MiB });
  const runs = ["vm.img", "other.img"].map((disk) => begin(a, "vm add", { ...VM, disks: [disk] }));
  equal(finish(world, runs), 1);
  a.host.kill();
  a.start();
  equal((a.call("vm list") as Json[]).length, 1);
  ok(a.server?.exports.get("vm/0") !== undefined);
});

Deno.test("enabling twice at once enables once", () => {
  const { a, world } = makePair(22);
  a.call("vm add", { ...VM, disks: ["vm.img"] });
  const enable = { ...VM, to: "b:7700" };
  equal(
    finish(world, [begin(a, "replication enable", enable), begin(a, "replication enable", enable)]),
    1,
  );
  a.call("replication start", VM);
  a.call("replication cycle", VM);
});

Deno.test("enabling that failed can be repeated", () => {
  const { a, world } = makePair(23);
  a.host.addDisk("other.img", { size: MiB });
  a.call("vm add", { ...VM, disks: ["vm.img", "other.img"] });
  const enable = { ...VM, to: "b:7700" };
  a.host.data.volume.faults.readOnly = true;
  equal(finish(world, [begin(a, "replication enable", enable)]), 0);
  equal((a.call("replication status", VM) as JsonObject)["state"], "Disabled");
  a.host.data.volume.faults.readOnly = false;
  equal(finish(world, [begin(a, "replication enable", enable)]), 1);
  a.call("replication start", VM);
  a.call("replication cycle", VM);
});

Deno.test("a guest's flush does not fail because replication ends beneath it", () => {
  for (let seed = 30; seed < 40; seed++) {
    const { a, world } = makePair(seed);
    protect(a);
    a.write("vm/0", 0, filled(4096, 1));
    const disk = a.server!.exports.get("vm/0")!.disk;
    const end = begin(a, "replication disable");
    const flushes: Run<void>[] = [];
    world.runWhile(() => {
      if (flushes.length < 400) flushes.push(a.host.process!.loop.start("flush", disk.flush()));
      return end.outcome === undefined;
    }, 60 * SECOND);
    world.runWhile(() => flushes.some((run) => run.outcome === undefined), 60 * SECOND);
    ok(flushes.every((run) => run.outcome?.ok === true), `seed ${seed}`);
  }
});

Deno.test("a replica that is removed while its primary comes back is new, never half of the old one", () => {
  for (let seed = 40; seed < 46; seed++) {
    const { a, b, world } = makePair(seed);
    protect(a, { frequency: SECOND });
    a.write("vm/0", 0, filled(4096, 1));
    equal(finish(world, [begin(b, "vm remove"), begin(a, "replication cycle")]) > 0, true);
    world.runUntil(world.now + 5 * SECOND);
    a.call("replication start", VM);
    a.call("replication cycle", VM);
    b.host.kill();
    b.start();
    equal((b.call("points list", VM) as Json[]).length > 0, true);
  }
});

Deno.test("a machine that was completed here is not removed with its only disks", () => {
  const { a, b, world } = makePair(50);
  protect(a);
  b.call("failover start", VM);
  b.call("failover complete", VM);
  equal(finish(world, [begin(b, "vm remove")]), 0);
  equal(finish(world, [begin(b, "replication disable")]), 0);
  equal((b.call("replication status", VM) as JsonObject)["state"], "FailedOver");
});

Deno.test("a replica server that stops while a machine is being made there ends in order", () => {
  // With the pace of this world the machine's folder is made 20 to 30 ms after the start.
  for (let step = 400; step < 600; step += 4) {
    const { a, b, world } = makePair(step);
    a.call("vm add", { vm: "vm", disks: ["vm.img"] });
    a.call("replication enable", { vm: "vm", to: "b:7700", frequency: 3600 * SECOND });
    a.call("replication start", VM);
    world.runUntil(world.now + step * 50);
    b.host.run(b.server!.stop(), 60 * SECOND);
    b.host.kill();
    b.start();
    world.runUntil(world.now + 70 * SECOND);
    deepEqual(world.violations, []);
    equal((a.call("replication status", VM) as JsonObject)["state"], "Replicating");
  }
});
