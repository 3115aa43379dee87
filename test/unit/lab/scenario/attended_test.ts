/**
 * What attended drills say beyond others: bounds of a small world, verbs that somebody sees to, disks at a site, media that are
 * harmed; and what is wrong with them.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { canonicalScenario, readScenario } from "../../../../lab/scenario/read_scenario.ts";

const WORLD = {
  sites: { a: null, b: null },
  block: "512B",
  grain: { region: 8, slots: 3, oldBlocks: 16, packet: "1460B" },
  machines: {
    vm: {
      disks: ["16KiB"],
      workloads: [],
      replication: {
        frequency: "1s",
        firstCopy: {
          way: "media",
          delay: "50ms",
          harm: { kind: "flip", pick: 7, stumble: "kill" },
        },
      },
    },
  },
};

function read(script: readonly object[], change: object = {}) {
  const end = "10s";
  const drill = { name: "x", attended: true, world: WORLD, script, end, ...change };
  return readScenario(JSON.stringify(drill));
}

/** What is said of a step that is wrong. */
function said(step: object, change: object = {}): string[] {
  const result = read([step], change);
  ok(!result.ok, JSON.stringify(step));
  return result.problems.map(({ message }) => message);
}

Deno.test("an attended drill is read, and its canonical text is the same drill", () => {
  const result = read([
    { at: "1s", do: "failover start", point: { newest: 2 }, careful: true },
    { at: "2s", do: "failover test", point: "newest", careful: true, writes: 3 },
    { at: "3s", do: "replication pause", side: "replica" },
    { at: "4s", fault: "disk.stall", on: "vm/0@b", for: "1s" },
    { at: "5s", fault: "disk.rot", on: "vm", among: "all", pick: 9 },
    { at: "6s", fault: "host.restart", on: "a", down: "0s" },
    { at: "7s", do: "authorization add", on: "b", name: "a", trustGroup: "one", careful: true },
    { at: "8s", guest: "write", vm: "vm", offset: "512B", length: "512B" },
  ]);
  ok(result.ok, JSON.stringify(result));
  const { scenario } = result;
  equal(scenario.attended, true);
  deepEqual(scenario.world.grain, { region: 8, slots: 3, oldBlocks: 16, packet: 1460 });
  deepEqual(scenario.world.machines[0]?.replication.firstCopy, {
    way: "media",
    delay: 50_000,
    harm: { kind: "flip", pick: 7, stumble: "kill" },
  });
  const again = readScenario(canonicalScenario(scenario));
  ok(again.ok, JSON.stringify(again));
  const plain = (value: unknown) =>
    JSON.parse(JSON.stringify(value, (key, each) => key === "line" ? undefined : each));
  deepEqual(plain(again.scenario), plain(scenario));
});

Deno.test("a drill that says nothing of it is not attended, and its text says nothing either", () => {
  const { grain: _, ...world } = WORLD;
  const result = readScenario(JSON.stringify({ name: "x", world, end: "10s" }));
  ok(result.ok, JSON.stringify(result));
  ok(!("attended" in result.scenario) && !("grain" in result.scenario.world));
  ok(!canonicalScenario(result.scenario).includes("attended"));
});

Deno.test("what an attended drill cannot say is told", () => {
  const verb = { at: "1s", do: "failover start" };
  deepEqual(said({ after: "vm.protected", do: "failover start" }), [
    'In an attended drill every step begins "at" a time',
  ]);
  deepEqual(said({ at: "1s", guest: "stop" }), [
    "In an attended drill administrators stop and start guests",
  ]);
  deepEqual(said({ id: "s", ...verb, point: { before: "s" } }), [
    'In an attended drill a point is "newest" or { newest: N }',
  ]);
  deepEqual(said(verb, { world: { ...WORLD, scale: 16 } }).slice(0, 1), [
    'A world with "grain" is no scale model: leave "scale" out',
  ]);
});

Deno.test("what nobody can see to is told", () => {
  const careful = (step: object) => said({ at: "1s", careful: true, ...step });
  deepEqual(careful({ do: "failover start", point: "0123456789ab" }), [
    'With care a point is "newest" or { newest: N }',
  ]);
  deepEqual(careful({ do: "failover start", unverified: true }), ['Nobody sees to "unverified"']);
  deepEqual(careful({ do: "vm disk add", disk: "other.img" }), [
    'With care "disk" is vm-spare.img',
  ]);
  deepEqual(careful({ do: "points export", point: "newest", out: "/tmp" }), [
    'With care "out" is /exports',
  ]);
  deepEqual(careful({ do: "server set", on: "b", bandwidth: "1MB/s" }), [
    "With care this is asked at a",
  ]);
  deepEqual(
    careful({ do: "authorization add", on: "b", name: "a", trustGroup: "t", location: "/x" }),
    ['With care "location" is left out, or /one or /two/replicas'],
  );
  ok(careful({ do: "points list" })[0]?.startsWith('Nothing here is called "careful"'));
});

Deno.test("sides and sites that contradict each other, or are none, are told", () => {
  deepEqual(said({ at: "1s", do: "replication pause", on: "b", side: "replica" }), [
    '"on" says already whose server is asked',
  ]);
  deepEqual(said({ at: "1s", do: "failover test", point: "newest", writes: 2 }), [
    '"writes" belongs to "careful: true"',
  ]);
  for (const on of ["vm/0@c", "vm/1@a", "vm@a", "wan@a"]) {
    ok(said({ at: "1s", fault: "disk.stall", on, for: "1s" })[0]?.startsWith("It cannot hit"), on);
  }
});
