/**
 * Storage that never answers: a whole server whose guest's disk, replica's disk or file hangs fails that
 * disk and nothing else, drops nothing that is tracked, and stops in time (E2).
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { DISK_REQUEST_MAX, STOP_DEADLINE } from "../../../../engine/core/base/limits.ts";
import { SECOND } from "../../../../engine/core/base/units.ts";
import type { Run } from "../../../../engine/core/runtime/loop.ts";
import type { Task } from "../../../../engine/core/runtime/task.ts";
import type { Volume } from "../../../../engine/sim/volume.ts";
import type { SimWorld } from "../../../../engine/sim/world.ts";
import { filled, makePair, protect, type Site } from "./pair.ts";

const NEVER = 1e15;
/** A request is given up at the tick after its time. */
const GIVEN_UP = DISK_REQUEST_MAX + 31 * SECOND;

/** Two machines of `a`, each with a disk on a volume of its own, replicated to `b`. */
function makeTwo(seed: number): { world: SimWorld; a: Site; b: Site } {
  const { world, a, b } = makePair(seed);
  protect(a, { frequency: 5 * SECOND });
  a.host.addDisk("other.img", { size: 1 << 20 });
  a.call("vm add", { vm: "other", disks: ["other.img"] });
  a.call("replication enable", { vm: "other", to: "b:7700", frequency: 5 * SECOND });
  a.call("replication start", { vm: "other" });
  a.call("replication cycle", { vm: "other" });
  return { world, a, b };
}

function hang(volume: Volume): void {
  volume.faults.stalledUntil = NEVER;
}

function begin<T>(site: Site, task: Task<T>): Run<T> {
  return site.host.process!.loop.start("begun", task);
}

function code(run: Run<unknown>): string {
  const { outcome } = run;
  if (outcome === undefined) return "none";
  return outcome.ok ? "ok" : isFailed(outcome.error) ? outcome.error.code : String(outcome.error);
}

function status(site: Site, vm: string): JsonObject {
  return site.call("replication status", { vm }) as JsonObject;
}

/** Stops the server and says how long that took and what it said. */
function stop(world: SimWorld, site: Site): { readonly took: number; readonly said: string } {
  const from = world.now;
  const run = begin(site, site.server!.stop());
  world.runWhile(() => run.outcome === undefined, 300 * SECOND);
  return { took: world.now - from, said: code(run) };
}

function writing(site: Site, at: number, value: number): Run<void> {
  return begin(site, site.server!.exports.get("vm/0")!.disk.write(at, filled(512, value)));
}

Deno.test("a guest's disk that hangs is failed whole, keeps its bits, and holds up nothing else", () => {
  const { world, a, b } = makeTwo(71);
  a.write("vm/0", 0, filled(4096, 1));
  const volume = a.host.disks.get("vm.img")!.volume;
  hang(volume);
  const first = writing(a, 8192, 2);
  world.runFor(60 * SECOND);
  assert.equal(code(first), "none", "it is not given up early");
  world.runFor(GIVEN_UP - 60 * SECOND);
  assert.equal(code(first), "timed-out");
  const later = writing(a, 16_384, 3);
  world.runFor(SECOND);
  assert.equal(code(later), "disk-failed", "it is refused from then on");
  const { health, warnings } = status(a, "vm") as { health: string; warnings: string[] };
  assert.equal(health, "Critical");
  assert.match(warnings.join("\n"), /"vm\.img" did not (write|read) at offset \d+ within 120 s/);
  assert.throws(() => a.call("replication cycle", { vm: "vm" }), /vm\.img" did not/);
  const tracked = a.server!.primary.entry("vm").machine.tracked[0]!;
  for (const block of [0, 7, 16]) assert(tracked.marked(block), `block ${block} is still marked`);
  a.write("other/0", 0, filled(512, 4));
  a.call("replication cycle", { vm: "other" });
  assert.equal(status(a, "other")["health"], "Normal");
  const { took } = stop(world, a);
  assert(took <= STOP_DEADLINE + SECOND, `it took ${took} µs to stop`);
  a.host.kill();
  volume.faults.heal();
  a.start();
  a.call("replication cycle", { vm: "vm" });
  b.call("failover start", { vm: "vm" });
  assert.deepEqual(b.read("vm/0", 0, 65_536), a.read("vm/0", 0, 65_536));
});

Deno.test("a server whose disk hangs stops in time before anybody gave it up", () => {
  const { world, a } = makeTwo(72);
  a.write("vm/0", 0, filled(4096, 1));
  a.write("other/0", 0, filled(4096, 1));
  const volume = a.host.disks.get("vm.img")!.volume;
  hang(volume);
  const cycle = begin(a, a.server!.call("replication cycle", { vm: "vm" }));
  world.runFor(SECOND);
  assert.equal(code(cycle), "none");
  const { took, said } = stop(world, a);
  assert.equal(said, "timed-out");
  assert(took <= STOP_DEADLINE + SECOND, `it took ${took} µs to stop`);
  a.host.kill();
  volume.faults.heal();
  a.start();
  a.call("replication cycle", { vm: "vm" });
});

Deno.test("a machine whose disk hangs keeps no other from being closed in order", () => {
  const { world, a } = makeTwo(73);
  hang(a.host.disks.get("vm.img")!.volume);
  const { took, said } = stop(world, a);
  assert.equal(said, "timed-out");
  assert(took <= STOP_DEADLINE + SECOND, `it took ${took} µs to stop`);
  a.host.kill();
  a.host.disks.get("vm.img")!.volume.faults.heal();
  a.start();
  const { recovery } = a.server!.primary.entry("other").machine.tracked[0]!;
  assert.equal(recovery.kind, "clean", JSON.stringify(recovery));
});

Deno.test("a replica whose storage hangs says so, and goes on once it was started again", () => {
  const { world, a, b } = makeTwo(74);
  const { volume } = b.host.data;
  world.runFor(SECOND);
  hang(volume);
  a.write("vm/0", 0, filled(4096, 5));
  world.runFor(700 * SECOND);
  assert.equal(world.violations[0]?.message, undefined);
  const said = status(a, "vm");
  assert.equal(said["health"], "Critical", JSON.stringify(said));
  assert.match(JSON.stringify(said["warnings"]), /did not/);
  assert.equal(status(b, "vm")["objective"], "breached");
  const { took } = stop(world, b);
  assert(took <= STOP_DEADLINE + SECOND, `it took ${took} µs to stop`);
  b.host.kill();
  volume.faults.heal();
  b.start();
  world.runFor(10 * SECOND);
  a.call("replication cycle", { vm: "vm" });
  b.call("failover start", { vm: "vm" });
  assert.deepEqual(b.read("vm/0", 0, 8192), a.read("vm/0", 0, 8192));
});

Deno.test("a log that hangs costs its disk a comparison and no other disk anything", () => {
  const { world, a, b } = makeTwo(75);
  const { volume } = a.host.logs;
  hang(volume);
  // Far apart, so that regions must be heated.
  const writes = [0, 300_000, 600_000, 900_000].map((at) => writing(a, at, 6));
  world.runFor(GIVEN_UP + 700 * SECOND);
  assert.equal(world.violations[0]?.message, undefined);
  for (const run of writes) assert.notEqual(code(run), "none", "nobody waits for ever");
  assert.equal(status(a, "vm")["health"], "Critical", JSON.stringify(status(a, "vm")));
  const { took } = stop(world, a);
  assert(took <= STOP_DEADLINE + SECOND, `it took ${took} µs to stop`);
  a.host.kill();
  volume.faults.heal();
  a.start();
  world.runFor(10 * SECOND);
  a.call("replication cycle", { vm: "vm" });
  b.call("failover start", { vm: "vm" });
  assert.deepEqual(b.read("vm/0", 0, 1 << 20), a.read("vm/0", 0, 1 << 20));
});

Deno.test("a replica's disk that hangs while it is applied is shown there, and other machines go on", () => {
  const { world, a, b } = makeTwo(76);
  world.runFor(SECOND);
  const { volume } = b.host.data;
  let staged = 0;
  world.onEngineEvent.push(({ host, event }) => {
    // What is staged is about to be applied.
    if (host === "b" && event.kind === "staged" && event.machine === "vm" && staged++ === 0) {
      hang(volume);
    }
  });
  a.write("vm/0", 0, filled(4096, 7));
  world.runWhile(() => staged === 0, 10 * SECOND);
  // What has hung stays so; what is asked from now on is answered.
  world.runFor(SECOND / 10);
  volume.faults.heal();
  a.write("other/0", 0, filled(512, 8));
  a.call("replication cycle", { vm: "other" });
  world.runFor(GIVEN_UP + 10 * SECOND);
  const said = status(b, "vm");
  assert.equal(said["health"], "Critical", JSON.stringify(said));
  assert.match(JSON.stringify(said["warnings"]), /did not/);
  a.write("other/0", 0, filled(512, 9));
  a.call("replication cycle", { vm: "other" });
  // Cycles were missed, and nothing else is said of it.
  assert.notEqual(status(b, "other")["health"], "Critical");
  const { took } = stop(world, b);
  assert(took <= STOP_DEADLINE + SECOND, `it took ${took} µs to stop`);
  b.host.kill();
  b.start();
  world.runFor(10 * SECOND);
  a.call("replication cycle", { vm: "vm" });
  b.call("failover start", { vm: "vm" });
  assert.deepEqual(b.read("vm/0", 0, 8192), a.read("vm/0", 0, 8192));
});
