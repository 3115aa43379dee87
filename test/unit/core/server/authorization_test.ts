/**
 * Who may replicate to a server, where that goes, and between whom a machine moves (M63).
 *
 * @module
 */
// Long because: an entry decides admission, place and group, and each test is one story of that.

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { Failed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { KiB, MiB, SECOND } from "../../../../engine/core/base/units.ts";
import { entryFor } from "../../../../engine/core/server/authorization.ts";
import { POLICY_DEFAULT } from "../../../../engine/core/server/server_policy.ts";
import type { Directory } from "../../../../engine/sim/directory.ts";
import { SimWorld } from "../../../../engine/sim/world.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { filled, makePair, protect, Site } from "./pair.ts";

const VM = { vm: "vm" };

function status(site: Site, vm = "vm"): JsonObject {
  return site.call("replication status", { vm }) as JsonObject;
}

/** Only servers with an entry, and one for `a`. */
function letIn(b: Site, name: string, group: string, location?: string): void {
  b.call("server set", { allow: "entries" });
  b.call("authorization add", { name, trustGroup: group, location });
}

function folderOf(root: Directory, ...names: string[]): Directory {
  let folder = root;
  for (const name of names) folder = folder.entries.get(name) as Directory;
  return folder;
}

/** Its peers have noticed when this returns. */
function restart(site: Site): void {
  site.host.kill();
  site.start();
  site.host.world.runFor(SECOND);
}

Deno.test("of several entries the one for the whole name counts, else that of the longest domain", () => {
  const names = ["*.com", "*.b.com", "a.b.com", "*.a.b.com"];
  const entries = names.map((name) => ({ name, location: undefined, trustGroup: name }));
  const policy = { ...POLICY_DEFAULT, entries };
  const found = (peer: string) => entryFor(policy, peer)?.name;
  equal(found("a.b.com"), "a.b.com");
  equal(found("A.B.COM"), "a.b.com", "case does not count");
  equal(found("x.b.com"), "*.b.com");
  equal(found("x.y.b.com"), "*.b.com");
  equal(found("x.a.b.com"), "*.a.b.com");
  equal(found("b.com"), "*.com");
  equal(found("com"), undefined);
  equal(found("xb.org"), undefined);
  equal(found(".com"), undefined, "a domain is not below itself");
});

Deno.test("entries are for when not any server is let in, and each refusal says what to do", () => {
  const { b } = makePair(61);
  const entry = { name: "a", trustGroup: "one", location: "/one" };
  const refused = (verb: string, args: JsonObject, code: string, words: RegExp) =>
    throws(() => b.call(verb, args), (error: Failed) => {
      match(`${error.failure.message}. ${error.failure.action}`, words);
      return error.code === code;
    });
  refused(
    "authorization add",
    entry,
    "wrong-state",
    /Any .* server may.*server set --allow entries/,
  );
  b.call("server set", { allow: "entries" });
  b.call("authorization add", entry);
  refused("authorization add", { ...entry, name: "A" }, "exists", /authorization set/);
  refused("authorization add", { name: "x" }, "bad-argument", /trustGroup/);
  refused("authorization add", { ...entry, name: "*" }, "bad-argument", /Not a name of a primary/);
  refused(
    "authorization add",
    { ...entry, name: "c", location: "x" },
    "bad-argument",
    /whole path/,
  );
  refused("authorization set", { name: "a" }, "bad-argument", /Nothing is to be changed/);
  refused("authorization set", { name: "x", trustGroup: "y" }, "not-found", /authorization list/);
  refused("authorization remove", { name: "x" }, "not-found", /authorization list/);
  refused("authorization remove", { trustGroup: "x" }, "not-found", /authorization list/);
  refused("authorization remove", {}, "bad-argument", /not clear/);
  refused("authorization remove", { name: "a", trustGroup: "one" }, "bad-argument", /not clear/);
  refused("server set", { allow: "all" }, "bad-argument", /"any"/);
  refused("server set", { monitoringInterval: 5 }, "bad-argument", /monitoring interval/);
  refused("server set", { location: `${b.host.data.path}/x` }, "bad-argument", /data folder/);
  deepEqual(b.call("authorization list"), [{ ...entry }]);
  b.call("authorization add", { name: "*.x", trustGroup: "two" });
  deepEqual(b.call("authorization set", { name: "a", trustGroup: "two" }), {
    ...entry,
    trustGroup: "two",
  });
  const gone = b.call("authorization remove", { trustGroup: "two" }) as JsonObject[];
  deepEqual(gone.map(({ name }) => name), ["a", "*.x"]);
  deepEqual(b.call("authorization list"), []);
});

Deno.test("a replica lies where its primary's entry says, is found there again, and nothing is written elsewhere", () => {
  const { a, b } = makePair(62);
  letIn(b, "a", "one", "/one/replicas");
  protect(a);
  const there = () => folderOf(b.host.places.get("one") as Directory, "replicas");
  deepEqual([...there().entries.keys()].sort(), [".warmsite", "vm"]);
  const own = folderOf(b.host.data, "replicas", "vm");
  deepEqual([...own.entries.keys()], ["place.json"], "the data folder only says where");
  match(String(status(b)["folder"]), /^\/one\/replicas\/vm$/);
  equal(status(b)["trustGroup"], "one");
  // Another location is for machines to come.
  b.call("authorization set", { name: "a", location: "/two" });
  a.write("vm/0", 0, filled(4 * KiB, 7));
  a.call("replication cycle", VM);
  restart(b);
  a.write("vm/0", 8 * KiB, filled(4 * KiB, 8));
  a.call("replication cycle", VM);
  equal(folderOf(b.host.places.get("two") as Directory).entries.has("vm"), false);
  b.call("failover start", VM);
  deepEqual(b.read("vm/0", 8 * KiB, 4 * KiB), filled(4 * KiB, 8));
  b.call("failover cancel", VM);
  deepEqual(b.call("vm remove", VM), { ...VM, left: undefined });
  deepEqual([...there().entries.keys()], [".warmsite"]);
  equal(folderOf(b.host.data, "replicas").entries.has("vm"), false);
});

Deno.test("a location that is not mounted at the start keeps its machines waiting, and loses nothing", () => {
  const { a, b, world } = makePair(63);
  letIn(b, "a", "one", "/one");
  protect(a);
  const [point] = b.call("points list", VM) as JsonObject[];
  b.host.kill();
  const volume = b.host.takePlace("one");
  b.start();
  world.runFor(SECOND);
  match(String(status(b)["warnings"]), /location \/one is not there.*Mount/);
  equal(status(b)["health"], "Critical");
  throws(() => b.call("failover start", VM), /location \/one is not there/);
  throws(() => a.call("replication cycle", VM), /location \/one is not there/);
  // The folder beneath a mount point is there, and empty: nothing may be written into it.
  const beneath = b.host.addPlace("one");
  throws(
    () => b.call("authorization set", { name: "a", location: "/one" }),
    /not what it was \(it holds "vm"\).*/,
  );
  a.host.addDisk("other.img", { size: MiB });
  a.call("vm add", { vm: "other", disks: ["other.img"] });
  a.call("replication enable", { vm: "other", to: "b:7700", frequency: 3600 * SECOND });
  a.call("replication start", { vm: "other" });
  throws(() => a.call("replication cycle", { vm: "other" }), /location \/one is not there/);
  equal(beneath.entries.size, 0);
  b.host.takePlace("one");
  b.host.bringPlace("one", volume);
  world.runFor(30 * SECOND);
  equal(status(b)["state"], "Replicating");
  deepEqual((b.call("points list", VM) as JsonObject[])[0], point);
  a.call("replication cycle", VM);
});

Deno.test("a machine whose location is gone for good can be removed, and says what is left", () => {
  const { a, b, world } = makePair(64);
  letIn(b, "a", "one", "/one");
  protect(a);
  b.host.kill();
  const volume = b.host.takePlace("one");
  b.start();
  world.runFor(SECOND);
  deepEqual(b.call("vm remove", VM), { ...VM, left: "/one/vm" });
  deepEqual(b.call("vm list"), []);
  // It comes back after all: what is in it is nobody's to overwrite.
  b.host.bringPlace("one", volume);
  throws(
    () => a.call("replication cycle", VM),
    /something called "vm" in \/one.*no replica of this/,
  );
  ok(volume.entries.has("vm"));
});

Deno.test("a replica whose removal fails at its first write is a replica as before, and can be removed again", () => {
  const { a, b } = makePair(73);
  letIn(b, "a", "one", "/one");
  protect(a);
  const points = b.call("points list", VM);
  b.host.data.volume.faults.failWrites = 1;
  throws(() => b.call("vm remove", VM), /error/i);
  equal(status(b)["state"], "Replicating");
  deepEqual(b.call("points list", VM), points);
  a.write("vm/0", 0, filled(4 * KiB, 3));
  a.call("replication cycle", VM);
  b.call("vm remove", VM);
  deepEqual(b.call("vm list"), []);
});

Deno.test("a location of another server is refused", () => {
  const { b, world } = makePair(65);
  const c = new Site(world, "c");
  c.start();
  letIn(b, "a", "one", "/shared/x");
  c.host.bringPlace("shared", b.host.takePlace("shared"));
  throws(() => letIn(c, "a", "one", "/shared/x"), /is a storage location of server "b"/);
});

Deno.test("an entry that is removed ends what its primary was sending, and nothing durable is lost", () => {
  const { a, b, world } = makePair(66, 4 * MiB);
  letIn(b, "a", "one");
  protect(a, { bandwidth: 100 * KiB });
  a.write("vm/0", 0, world.stream("guest").bytes(2 * MiB));
  const cycle = a.host.process!.loop.start("cycle", a.server!.call("replication cycle", VM));
  world.runFor(2 * SECOND);
  equal(cycle.outcome, undefined, "it is under way");
  b.call("authorization remove", { name: "a" });
  const points = () => b.call("points list", VM) as JsonObject[];
  equal(points().length, 1);
  const bytes = world.net.link("a", "b").bytes;
  world.runFor(30 * SECOND);
  const outcome = cycle.outcome as { ok: boolean; error?: Error } | undefined;
  match(String(outcome?.error), /unauthorized: Server "b" has no authorization entry for "a"/);
  match(String(status(a)["warnings"]), /authorization add a/);
  equal(status(a)["health"], "Critical");
  ok(Number(status(a)["backlogBytes"]) >= MiB, "what the replica does not hold stays marked");
  world.runFor(60 * SECOND);
  ok(world.net.link("a", "b").bytes - bytes < 64 * KiB, "nothing more is sent");
  match(String((b.call("server show") as JsonObject)["warnings"]), /"vm": .*entry for "a"/);
  b.call("failover start", VM);
  b.call("failover cancel", VM);
  restart(b);
  throws(() => a.call("replication cycle", VM), /no authorization entry for "a"/);
  b.call("authorization add", { name: "a", trustGroup: "one" });
  a.call("replication resume", VM);
  a.call("replication cycle", VM);
  ok(points().length > 1);
  equal(status(a)["backlogBytes"], 0);
});

Deno.test("a server that takes no replicas says so to each primary", () => {
  const { a, b } = makePair(67);
  b.call("server set", { replica: false });
  throws(() => protect(a), /unauthorized: Server "b" takes no replicas/);
  b.call("server set", { replica: true });
  a.call("replication resume", VM);
  a.call("replication cycle", VM);
  deepEqual(b.server?.authorization.wouldAccept("x"), {
    ok: true,
    location: undefined,
    trustGroup: "DEFAULT",
  });
});

/** `a`'s machine runs on `c` from now on: its folder, its disk and its log were copied. */
function moveMachine(a: Site, c: Site): void {
  a.host.kill();
  c.host.kill();
  folderOf(c.host.data, "machines").link("vm", folderOf(a.host.data, "machines", "vm"));
  for (const [name, entry] of a.host.logs.entries) c.host.logs.link(name, entry);
  const disk = a.host.disks.get("vm.img");
  if (disk === undefined) throw new Error("The machine has a disk");
  c.host.disks.set("vm.img", disk);
  c.start();
}

Deno.test("a machine moves between primaries of one trust group, and no further", () => {
  const { a, b, world } = makePair(68);
  const c = new Site(world, "c");
  c.start();
  letIn(b, "a", "one");
  b.call("authorization add", { name: "c", trustGroup: "two" });
  protect(a);
  equal(status(b)["primary"], "a");
  const before = b.call("points list", VM) as JsonObject[];
  moveMachine(a, c);
  c.write("vm/0", 0, filled(4 * KiB, 3));
  throws(
    () => c.call("replication cycle", VM),
    /"vm" is a machine of "a" in trust group "one", and "c" is in trust group "two"/,
  );
  deepEqual(b.call("points list", VM), before);
  equal(status(b)["primary"], "a");
  b.call("authorization set", { name: "c", trustGroup: "one" });
  c.call("replication resume", VM);
  c.call("replication cycle", VM);
  equal(status(b)["primary"], "c");
  restart(b);
  equal(status(b)["primary"], "c", "it is durable");
  // The entry of the primary that it had is not needed any more.
  b.call("authorization remove", { name: "a" });
  world.runFor(SECOND);
  c.write("vm/0", 0, filled(4 * KiB, 4));
  c.call("replication cycle", VM);
  b.call("failover start", VM);
  deepEqual(b.read("vm/0", 0, 4 * KiB), filled(4 * KiB, 4));
});

Deno.test("two primaries with five machines each replicate at once into two locations and groups", () => {
  const world = new SimWorld({ seed: 69, kernel: loadKernel() });
  const [a, b, c] = ["a", "b", "c"].map((name) => new Site(world, name)) as [Site, Site, Site];
  for (const site of [a, b, c]) site.start();
  letIn(b, "a", "one", "/one");
  b.call("authorization add", { name: "c", trustGroup: "two", location: "/two" });
  const machines = (site: Site) => [1, 2, 3, 4, 5].map((n) => `${site.host.name}${n}`);
  for (const site of [a, c]) {
    for (const vm of machines(site)) {
      site.host.addDisk(`${vm}.img`, { size: MiB });
      site.call("vm add", { vm, disks: [`${vm}.img`] });
      site.call("replication enable", { vm, to: "b:7700", frequency: 2 * SECOND });
      site.write(`${vm}/0`, 0, filled(64 * KiB, vm.charCodeAt(0)));
      site.call("replication start", { vm });
    }
  }
  world.runFor(30 * SECOND);
  for (const [site, place, group] of [[a, "one", "one"], [c, "two", "two"]] as const) {
    deepEqual(
      [...(b.host.places.get(place) as Directory).entries.keys()].sort(),
      [".warmsite", ...machines(site)],
    );
    for (const vm of machines(site)) {
      const { state, primary, trustGroup, health } = status(b, vm);
      deepEqual([state, primary, trustGroup, health], [
        "Replicating",
        site.host.name,
        group,
        "Normal",
      ]);
      b.call("failover start", { vm });
      deepEqual(b.read(`${vm}/0`, 0, 64 * KiB), filled(64 * KiB, vm.charCodeAt(0)));
    }
  }
});

Deno.test("a crash at any step of making or removing a replica elsewhere leaves it whole or gone", () => {
  for (let call = 1;; call += 3) {
    const { a, b, world } = makePair(70);
    letIn(b, "a", "one", "/one");
    a.call("vm add", { vm: "vm", disks: ["vm.img"] });
    a.call("replication enable", { ...VM, to: "b:7700", frequency: SECOND });
    const [when, how] = call % 2 === 0 ? ["before", "kill"] as const : ["torn", "power"] as const;
    world.crashAt("b", b.host.calls + call, when, how);
    a.call("replication start", VM);
    world.runFor(5 * SECOND);
    if (b.host.process !== undefined) return;
    if (b.host.power === "off") b.host.powerOn();
    b.start();
    world.runFor(20 * SECOND);
    equal(status(b)["state"], "Replicating", `after a crash at call ${call}`);
    equal(String(status(b)["folder"]), "/one/vm");
  }
});
