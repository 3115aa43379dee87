/**
 * A machine that moved and was not started is told of where it is now, until it runs (M48).
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { SECOND } from "../../../../engine/core/base/units.ts";
import { Attachments } from "../../../../engine/core/server/attachments.ts";
import { Directory } from "../../../../engine/sim/directory.ts";
import { done } from "../../../../engine/core/runtime/task.ts";
import { makePair, protect, type Site, status } from "./pair.ts";

const VM = { vm: "vm" };
const warnings = (site: Site) => JSON.stringify(status(site)["warnings"]);

function marks(site: Site): string[] {
  const folder = site.host.data.entries.get("starts");
  return folder instanceof Directory ? [...folder.entries.keys()] : [];
}

/** A guest on the machine's disk. */
function attach(site: Site): void {
  const attachments = new Attachments();
  site.server?.exports.use(attachments);
  site.host.run(attachments.enter("vm/0", { stop: () => done(undefined) }));
}

Deno.test("a command to start that fails behind a planned move is told of until the guest runs", () => {
  const { a, b, world } = makePair(321);
  protect(a);
  b.call("replication set", { ...VM, start: "UP" });
  b.host.hypervisor.machine("vm").fails.start = "no memory";
  a.call("failover planned", VM);
  world.runFor(SECOND);
  equal(status(b)["role"], "primary");
  equal(status(b)["health"], "Critical");
  match(warnings(b), /"vm\\" has moved here and was not started: .*no memory/);
  b.host.kill();
  b.start();
  equal(status(b)["health"], "Critical", "a restart does not hide it");
  attach(b);
  world.runFor(10 * SECOND);
  deepEqual(status(b)["warnings"], []);
  deepEqual(marks(b), []);
});

Deno.test("a server that is killed while its guest is being started says so, and starts no second one", () => {
  const { a, b, world } = makePair(322);
  protect(a);
  b.call("replication set", { ...VM, start: "UP" });
  b.host.hypervisor.machine("vm").times.start = 100 * SECOND;
  a.call("failover planned", VM);
  world.runFor(SECOND);
  equal(warnings(b), "[]", "it is under way");
  b.host.kill();
  let started = 0;
  b.host.hypervisor.onChange = (_, what) => started += what === "start" ? 1 : 0;
  b.start();
  match(warnings(b), /stopped before its command to start had ended/);
  world.runFor(200 * SECOND);
  equal(started, 0);
  // It goes back as it came: nothing is owed where it is not.
  b.call("failover planned", VM);
  equal(status(a)["role"], "primary");
  world.runFor(10 * SECOND);
  deepEqual(marks(b), []);
});

Deno.test("a machine that was started owes nothing", () => {
  const { a, b, world } = makePair(323);
  protect(a);
  b.call("replication set", { ...VM, start: "UP" });
  a.call("failover planned", VM);
  world.runFor(SECOND);
  equal(b.host.hypervisor.machine("vm").power, "running");
  equal(status(b)["health"], "Normal");
  deepEqual(marks(b), []);
});
