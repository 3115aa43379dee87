/**
 * Who may run a machine: a primary that starts asks its replica first (L6), and of two sides that both went
 * on the administrator chooses one (L1).
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import { bothWrote, filled, makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const status = (site: Site) => site.call("replication status", VM) as JsonObject;
const whole = (site: Site) => site.read("vm/0", 0, MiB);
const offered = (site: Site) => site.server?.exports.list() ?? [];
const branches = (site: Site) => status(site)["branches"] as JsonObject[] | undefined;

Deno.test("a primary that comes back while its machine runs at the replica does not serve it (L6)", () => {
  const { world, a, b } = makePair(51);
  protect(a);
  a.host.kill();
  b.call("failover start", VM);
  a.start();
  deepEqual(offered(a), []);
  equal(status(a)["health"], "Critical");
  match(JSON.stringify(status(a)["warnings"]), /is not served here: it runs at/);
  b.call("failover cancel", VM);
  for (let tries = 0; tries < 600 && offered(a).length === 0; tries++) world.runFor(10 * SECOND);
  deepEqual(offered(a), ["vm/0"], "taken back there, it is served here again");
});

Deno.test("one that is held back and whose replication is ended is served, and replicated anew (L6)", () => {
  const { world, a, b } = makePair(54);
  protect(a);
  a.host.kill();
  b.call("failover start", VM);
  a.start();
  deepEqual(offered(a), []);
  a.call("replication disable", VM);
  deepEqual(offered(a), ["vm/0"], "as a restart would serve it");
  deepEqual(status(a)["warnings"], []);
  b.call("failover cancel", VM);
  b.call("vm remove", VM);
  a.call("replication enable", { ...VM, to: "b:7700" });
  a.call("replication start", VM);
  a.call("replication cycle", VM);
  equal(world.violations[0], undefined);
});

Deno.test("nobody answers: the machine's own policy decides", () => {
  const { a, b } = makePair(52);
  protect(a);
  b.host.kill();
  a.host.kill();
  a.start();
  deepEqual(offered(a), ["vm/0"]);
  a.call("replication set", { ...VM, onUnknown: "hold" });
  a.host.kill();
  a.start();
  deepEqual(offered(a), []);
  match(JSON.stringify(status(a)["warnings"]), /does not say whether it runs there/);
  a.call("replication set", { ...VM, onUnknown: "serve" });
  deepEqual(offered(a), ["vm/0"]);
});

Deno.test("two servers that start at once ask each other, and both serve", () => {
  const { world, a, b } = makePair(53);
  protect(a);
  for (const site of [a, b]) site.host.kill();
  const before = world.now;
  b.start();
  a.start();
  ok(world.now - before < 5 * SECOND, `${world.now - before} µs`);
  deepEqual(offered(a), ["vm/0"]);
});

Deno.test("who asks at its start where its machine runs has no replica made for that (L6)", () => {
  const { world, a, b } = makePair(60);
  protect(a);
  a.call("replication pause", VM);
  a.host.kill();
  b.call("replication disable", VM);
  const before = world.now;
  a.start();
  ok(world.now - before < 5 * SECOND, `${world.now - before} µs`);
  deepEqual(offered(a), ["vm/0"], "it does not run there");
  throws(() => status(b), /No machine/);
});

/** Both sides have written, and the old primary knows it. */
function split(seed: number) {
  const pair = bothWrote(seed);
  const { a } = pair;
  throws(() => a.call("replication cycle", VM), /since their histories parted/);
  return pair;
}

Deno.test("a split brain names both branches, on both sides, and sends nothing (L1)", () => {
  const { a, b } = split(54);
  throws(() => b.call("replication cycle", VM), /since their histories parted/);
  for (const site of [a, b]) {
    equal(branches(site)?.length, 2, JSON.stringify(status(site)));
    equal(status(site)["health"], "Critical");
  }
  throws(() => a.call("failover resolve", { ...VM, keep: "0".repeat(8) }), /No branch of "vm"/);
});

/** Waits until a site is the replica, without a word from anybody. */
function followed(site: Site): void {
  for (let tries = 0; tries < 60 && status(site)["role"] !== "replica"; tries++) {
    site.world.runFor(SECOND);
  }
  equal(status(site)["role"], "replica", JSON.stringify(status(site)));
}

Deno.test("the side that gives way becomes the replica, and keeps its branch as a point (L1, L6)", () => {
  for (const keeper of ["a", "b"] as const) {
    for (const asked of ["a", "b"] as const) {
      const { a, b } = split(55);
      const [kept, other] = keeper === "a" ? [a, b] : [b, a];
      throws(() => b.call("replication cycle", VM));
      const lost = whole(other);
      const here = branches(kept)?.find((each) => each["here"] === true)?.["branch"];
      (asked === "a" ? a : b).call("failover resolve", { ...VM, keep: here as string });
      followed(other);
      kept.call("replication cycle", VM);
      equal(status(other)["role"], "replica", `${keeper} is kept, ${asked} is asked`);
      kept.write("vm/0", 256 * KiB, filled(KiB, 3));
      kept.call("replication cycle", VM);
      const now = whole(kept);
      const points = other.call("points list", VM) as JsonObject[];
      other.call("failover start", VM);
      deepEqual(whole(other), now);
      other.call("failover cancel", VM);
      other.call("failover start", { ...VM, point: points[0]?.["id"] as string });
      deepEqual(whole(other), lost, "the losing branch is the oldest point");
      other.call("failover cancel", VM);
      const inForce = status(kept)["generation"] as string;
      other.call("failover resolve", { ...VM, keep: inForce });
      throws(() => other.call("failover resolve", { ...VM, keep: inForce }), /to be decided/);
    }
  }
});

Deno.test("behind a split brain nothing is overwritten that no ancestry allows, and what differs travels alone (M47)", () => {
  for (const keeper of ["a", "b"] as const) {
    const { world, a, b } = split(64);
    const [kept, other] = keeper === "a" ? [a, b] : [b, a];
    const both = () => [whole(a), whole(b)];
    const before = both();
    // Whoever is asked, and whatever for: neither history has the other, so neither side is the source.
    for (const site of [a, b]) {
      throws(() => site.call("replication cycle", VM), /since their histories parted/);
      throws(() => site.call("replication resync start", VM));
      site.call("replication resume", VM);
      world.runFor(600 * SECOND);
      deepEqual(both(), before, "both sides are what they were");
    }
    const lost = whole(other);
    const sent = status(kept)["bytesSent"] as number;
    kept.call("failover resolve", { ...VM, keep: status(kept)["generation"] as string });
    followed(other);
    kept.call("replication cycle", VM);
    // A KiB here and one there, in regions of 4 KiB.
    const travelled = (status(kept)["bytesSent"] as number) - sent;
    ok(travelled > 0 && travelled <= 8 * KiB, `${travelled} bytes travelled`);
    const points = other.call("points list", VM) as JsonObject[];
    other.call("failover start", { ...VM, point: points[0]?.["id"] as string });
    deepEqual(whole(other), lost, "the losing branch is a point");
    other.call("failover cancel", VM);
    other.call("failover start", VM);
    deepEqual(whole(other), whole(kept));
    equal(world.violations[0], undefined);
  }
});

Deno.test("a side that was restarted in a split brain knows of it, or asks, and is resolved there (L1)", () => {
  for (const reachable of [true, false]) {
    const { a, b } = split(61);
    throws(() => b.call("replication cycle", VM));
    for (const site of [a, b]) equal(status(site)["state"], "Error");
    if (!reachable) b.host.kill();
    a.host.kill();
    a.start();
    const here = status(a)["generation"] as string;
    if (reachable) equal(branches(a)?.length, 2, "it was told when it asked at its start");
    else {
      throws(() => a.call("failover resolve", { ...VM, keep: here }), /Cannot connect/);
      b.start();
      // Nothing has called it since: it asks by itself.
      const side = b.server?.primary.entry("vm").replicator;
      equal(side?.lastFailure?.code ?? "split-brain", "split-brain");
    }
    a.call("failover resolve", { ...VM, keep: here });
    followed(b);
    a.call("replication cycle", VM);
    deepEqual(offered(a), ["vm/0"]);
  }
});

Deno.test("an old primary that is not replicated any more says how it becomes the replica", () => {
  const { a, b } = makePair(57);
  protect(a);
  a.write("vm/0", 0, filled(KiB, 1));
  a.call("replication cycle", VM);
  b.call("failover start", VM);
  a.call("replication disable", VM);
  b.call("failover reverse", VM);
  throws(
    () => b.call("replication cycle", VM),
    /cannot become the replica at the old primary: it is in state Disabled there/,
  );
  equal(status(a)["role"], "primary");
  b.host.kill();
  b.start();
  deepEqual(b.server?.exports.list(), ["vm/0"], "it runs here, whatever is left of it there");
  a.call("vm remove", VM);
  if (status(b)["state"] === "Error") b.call("replication resume", VM);
  b.host.world.runFor(3600 * SECOND);
  equal(status(a)["role"], "replica");
  equal(status(b)["state"], "Replicating");
  const now = whole(b);
  a.call("failover start", VM);
  deepEqual(whole(a), now);
});

/** The primary was restarted while its machine runs at the replica, and holds it back. */
function heldBack(seed: number) {
  const pair = makePair(seed);
  const { a, b } = pair;
  a.host.addDisk("more.img", { size: 64 * KiB });
  protect(a);
  a.host.kill();
  b.call("failover start", VM);
  a.start();
  deepEqual(offered(a), []);
  return pair;
}

Deno.test("a machine that is held back is served again whatever was done to it meanwhile (L6)", () => {
  const { world, a, b } = heldBack(58);
  a.call("vm disk add", { ...VM, disk: "more.img" });
  deepEqual(offered(a), [], "its new disk as little as the others");
  b.call("failover cancel", VM);
  for (let tries = 0; tries < 600 && offered(a).length === 0; tries++) world.runFor(10 * SECOND);
  deepEqual(offered(a), ["vm/0", "vm/1"]);
  a.call("replication cycle", VM);
});
