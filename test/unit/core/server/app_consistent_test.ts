/**
 * Application-consistent points: what proves one, what becomes of one that fails, and that no guest stays
 * frozen.
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import { MILLISECOND, SECOND } from "../../../../engine/core/base/units.ts";
import { makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };
const BOTH = { freeze: "F", thaw: "T" };

function status(site: Site): JsonObject {
  return site.call("replication status", VM) as JsonObject;
}

function kinds(b: Site): unknown[] {
  return (b.call("points list", VM) as JsonObject[]).map(({ kind }) => kind);
}

/** A pair whose machine has commands, and what was done to its guest since. */
function stage(seed: number, settings: JsonObject = {}) {
  const pair = makePair(seed);
  protect(pair.a, { ...BOTH, ...settings });
  const script = pair.a.host.hypervisor;
  const done: string[] = [];
  script.onChange = (_, what) => done.push(what);
  pair.world.onEngineEvent.push(({ event }) => {
    if (event.kind === "cut") done.push("cut");
  });
  return { ...pair, script, guest: script.machine("vm"), done };
}

const asked = { ...VM, appConsistent: true };

Deno.test("a point is application-consistent when the guest was frozen before its cut and thawed behind it", () => {
  const { a, b, done, world } = stage(80);
  const { kind } = a.call("replication cycle", asked) as JsonObject;
  equal(kind, "application-consistent");
  deepEqual(done, ["freeze", "cut", "thaw"]);
  a.call("replication cycle", VM);
  deepEqual(kinds(b), ["standard", "application-consistent", "standard"]);
  const { appConsistent, appConsistentFailed, lastAppConsistent, health } = status(a);
  deepEqual([appConsistent, appConsistentFailed, health], [1, 0, "Normal"]);
  equal(typeof lastAppConsistent, "number");
  deepEqual(world.violations, []);
});

Deno.test("by an interval the first cycle of each is one, and no other", () => {
  const { a, b, done } = stage(81, { appConsistent: 2 * SECOND, frequency: SECOND });
  a.host.world.runFor(7 * SECOND);
  const found = kinds(b).join(" ");
  match(found, /application-consistent standard application-consistent/);
  equal(found.includes("consistent application-consistent"), false, found);
  a.call("replication set", { ...VM, appConsistent: 0 });
  a.host.world.runFor(2 * SECOND);
  done.length = 0;
  a.host.world.runFor(5 * SECOND);
  ok(!done.includes("freeze"));
});

for (
  const [what, spoil, cause] of [
    ["fails", ({ guest }: Stage) => guest.fails.freeze = "agent away", /agent away/],
    ["hangs", ({ guest }: Stage) => guest.times.freeze = 100 * SECOND, /longer than 60 s/],
    ["freezes and never returns", ({ guest }: Stage) => guest.sticks = true, /longer than 60 s/],
    ["breaks before the cut", ({ guest }: Stage) => guest.breaksAfter = 1, /not frozen any more/],
    ["has a thaw that fails", ({ guest }: Stage) => guest.fails.thaw = "no agent", /no agent/],
  ] as const
) {
  Deno.test(`a freeze that ${what} leaves a crash-consistent point, its cause in health, and a guest that runs`, () => {
    const made = stage(82);
    const { a, b, guest, world } = made;
    if (what.startsWith("breaks")) guest.times.thaw = 5 * MILLISECOND;
    spoil(made);
    const before = world.now;
    throws(() => a.call("replication cycle", asked), /is crash-consistent only: /);
    ok(world.now - before < 75 * SECOND, "bounded");
    deepEqual(kinds(b), ["standard", "standard"], "a point of that time all the same");
    const seen = status(a);
    match(JSON.stringify(seen["warnings"]), cause);
    equal(seen["health"], what.includes("thaw") ? "Critical" : "Warning");
    equal(seen["appConsistentFailed"], 1);
    equal(guest.frozen, what.includes("thaw"));
    // What was wrong is over.
    Object.assign(guest, { sticks: false, breaksAfter: 0 });
    Object.assign(guest.fails, { freeze: "", thaw: "" });
    guest.times.freeze = MILLISECOND;
    world.runFor(12 * SECOND);
    equal(guest.frozen, false, "thawed again and again, cycle or not");
    a.call("replication cycle", VM);
    a.call("replication cycle", asked);
    equal(status(a)["health"], "Normal");
    deepEqual(kinds(b).slice(2), ["standard", "application-consistent"]);
    deepEqual(world.violations, []);
  });
}

type Stage = ReturnType<typeof stage>;

Deno.test("a cut that fails under a freeze thaws the guest", () => {
  const { a, guest, done } = stage(83);
  a.write("vm/0", 0, new Uint8Array(512));
  const { server, host } = a;
  const disk = server!.primary.entry("vm").machine.tracked[0]!;
  disk.gate.close();
  disk.gate.open();
  disk.gate.enter();
  const run = host.process!.loop.start("cycle", server!.call("replication cycle", asked));
  host.world.runWhile(() => !done.includes("thaw"), 5 * SECOND);
  deepEqual(done, ["freeze", "thaw"]);
  equal(guest.frozen, false);
  disk.gate.leave();
  host.world.runWhile(() => run.outcome === undefined, 60 * SECOND);
});

Deno.test("a server that is killed or stopped while the guest is frozen leaves no frozen guest", () => {
  for (const how of ["kill", "stop"] as const) {
    const { a, guest, world, done } = stage(84);
    guest.sticks = true;
    a.host.process!.loop.start("cycle", a.server!.call("replication cycle", asked));
    world.runWhile(() => !guest.frozen, 10 * SECOND);
    world.runFor(SECOND);
    if (how === "stop") {
      a.host.run(a.server!.stop());
      equal(guest.frozen, false, "an orderly stop thaws");
    } else {
      a.host.kill();
      equal(guest.frozen, true);
      guest.sticks = false;
      a.start();
      world.runFor(SECOND);
      equal(guest.frozen, false, "the next start thaws");
      deepEqual(done.filter((each) => each === "thaw"), ["thaw"]);
      a.host.kill();
      a.start();
      world.runFor(SECOND);
      equal(done.filter((each) => each === "thaw").length, 1, "and once");
    }
    deepEqual(world.violations, []);
  }
});

Deno.test("application-consistent points are refused where they cannot be", () => {
  const { a } = makePair(85);
  const hourly = { vm: "vm", to: "b:7700", appConsistent: 3600 * SECOND };
  a.call("vm add", { vm: "vm", disks: ["vm.img"] });
  const enable = (more: JsonObject) => () => a.call("replication enable", { ...hourly, ...more });
  throws(enable({}), /need commands that freeze and thaw/);
  throws(enable({ ...BOTH, retention: "newest" }), /need more than the newest point/);
  throws(enable({ ...BOTH, appConsistent: SECOND }), /out of range/);
  enable(BOTH)();
  throws(
    () => a.call("replication set", { ...VM, freeze: "", thaw: "" }),
    /need commands that freeze/,
  );
  throws(
    () => a.call("replication set", { ...VM, retention: "newest" }),
    /need more than the newest/,
  );
  a.call("replication set", { ...VM, appConsistent: 0, freeze: "", thaw: "" });
  a.call("replication start", VM);
  throws(() => a.call("replication cycle", asked), /need commands that freeze and thaw/);
});
