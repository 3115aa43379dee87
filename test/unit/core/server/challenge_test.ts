/**
 * What a primary says of peers that open its machine with a history of their own: true of this side, and no longer
 * than it holds.
 *
 * @module
 */

import { deepEqual, equal, match, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import { bothWrote, filled, makePair, protect, Site, status, until } from "./pair.ts";

const VM = { vm: "vm" };
const warnings = (site: Site) => JSON.stringify(status(site)["warnings"]);

Deno.test("an old primary that comes back does not make the new one say that its guest is to be shut down", () => {
  const { a, b } = makePair(331);
  protect(a, { frequency: 10 * SECOND });
  a.host.kill();
  b.call("failover start", VM);
  b.write("vm/0", 0, filled(KiB, 2));
  b.call("failover reverse", VM);
  a.start();
  until(a, "Replicating");
  b.call("replication cycle", VM);
  b.call("replication reset-statistics", VM);
  equal(status(b)["health"], "Normal", warnings(b));
  b.host.world.runFor(60 * SECOND);
  deepEqual(status(b)["warnings"], []);
});

/** Both sides have written, and know it. */
function split(seed: number) {
  const pair = bothWrote(seed);
  const { a, b } = pair;
  for (const site of [a, b]) throws(() => site.call("replication cycle", VM), /histories parted/);
  return pair;
}

Deno.test("another machine of the same name hides no split brain", () => {
  const { world, a, b } = split(332);
  const c = new Site(world, "c");
  c.host.addDisk("vm.img", { size: MiB });
  c.start();
  c.call("vm add", { vm: "vm", disks: ["vm.img"] });
  c.call("replication enable", { vm: "vm", to: "a:7700" });
  c.call("replication start", VM);
  world.runFor(5 * SECOND);
  match(warnings(c), /A machine \\"vm\\" runs on the replica server itself/);
  equal((status(a)["branches"] as JsonObject[]).length, 2);
  a.call("failover resolve", { ...VM, keep: status(a)["generation"] as string });
  a.call("replication cycle", VM);
  equal(status(b)["role"], "replica");
  deepEqual(status(a)["warnings"], []);
});

Deno.test("a side that gives way says what it waits for, and the other one forgets that it claimed anything", () => {
  const { a, b } = split(333);
  b.call("failover resolve", { ...VM, keep: status(a)["generation"] as string });
  match(warnings(b), /gives way to branch.*there: .*replication resume vm/);
  equal(warnings(b).includes("Decide which side"), false);
  a.call("replication resume", VM);
  a.call("replication cycle", VM);
  equal(status(b)["role"], "replica");
  deepEqual(status(a)["warnings"], []);
});

Deno.test("a side that was down when the other one gave way goes on when it is back (L1, L6)", () => {
  const { world, a, b } = split(334);
  const keep = status(a)["generation"] as string;
  a.host.kill();
  b.call("failover resolve", { ...VM, keep });
  a.start();
  world.runFor(30 * SECOND);
  deepEqual([status(b)["role"], status(b)["state"]], ["replica", "Replicating"]);
  deepEqual([status(a)["state"], status(a)["warnings"]], ["Replicating", []]);
  deepEqual(a.server?.exports.list(), ["vm/0"]);
});

Deno.test("a side that could not be reached when the other one gave way hears of it, and goes on (L1)", () => {
  const { world, a, b } = split(335);
  world.net.partition("a", "b");
  b.call("failover resolve", { ...VM, keep: status(a)["generation"] as string });
  world.runFor(20 * SECOND);
  equal(status(a)["state"], "Error");
  world.net.heal();
  until(a, "Replicating");
  deepEqual([status(b)["role"], status(b)["state"]], ["replica", "Replicating"]);
  deepEqual(status(a)["warnings"], []);
});
