/**
 * Points shown and exported: what is known of one, its disks as files in a folder, and what is left of an
 * export that ends before its time (M40).
 *
 * @module
 */

import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { type Failed, isFailed } from "../../../../engine/core/base/failure.ts";
import type { JsonObject } from "../../../../engine/core/base/json.ts";
import type { PointId } from "../../../../engine/core/base/units.ts";
import { Directory } from "../../../../engine/sim/directory.ts";
import { FileNode } from "../../../../engine/sim/volume.ts";
import { makePair, protect, type Site } from "./pair.ts";

const VM = { vm: "vm" };

/** What a host's folder outside its data holds, by the path. */
function entry(site: Site, ...names: string[]): Directory | FileNode | undefined {
  const [place = "", ...inner] = names;
  let found: Directory | FileNode | undefined = site.host.places.get(place);
  for (const name of inner) {
    found = found instanceof Directory ? found.entries.get(name) : undefined;
  }
  return found;
}

function namesIn(site: Site, place: string): string[] {
  return [...(site.host.places.get(place)?.entries.keys() ?? [])].sort();
}

function bytesOf(site: Site, ...names: string[]): Uint8Array {
  const found = entry(site, ...names);
  ok(found instanceof FileNode, `${names.join("/")} is a file`);
  return found.sectors.peek();
}

function manifestOf(site: Site, ...names: string[]): JsonObject {
  return JSON.parse(new TextDecoder().decode(bytesOf(site, ...names, "manifest.json")));
}

/** A machine with three points that differ. */
function threePoints(seed: number) {
  const { world, a, b } = makePair(seed);
  protect(a);
  const points = [b.call("points list", VM) as JsonObject[]].flat().map(({ id }) => id as string);
  for (const fill of [1, 2]) {
    a.write("vm/0", fill * 4096, new Uint8Array(2048).fill(fill));
    points.push((a.call("replication cycle", VM) as JsonObject)["point"] as string);
  }
  world.runFor(1_000_000);
  b.host.addPlace("out");
  return { world, a, b, points };
}

function refusal(work: () => unknown): Failed {
  let found: unknown;
  throws(work, (error) => {
    found = error;
    return isFailed(error);
  });
  return found as Failed;
}

Deno.test("a point is shown with all that is known of it", () => {
  const { b, points } = threePoints(201);
  const [, second = ""] = points;
  const shown = b.call("points show", { ...VM, point: second.slice(0, 8) }) as JsonObject;
  equal(shown["id"], second);
  equal(shown["vm"], "vm");
  equal(shown["kind"], "standard");
  equal(shown["applied"], true);
  equal(shown["newest"], false);
  equal(shown["bytes"], 2048);
  ok((shown["undoBytes"] as number) > 0 && shown["stagedBytes"] === 0);
  match((shown["digests"] as string[])[0] ?? "", /^[0-9a-f]{64}$/);
  deepEqual([shown["holds"], shown["usedBy"], shown["views"], shown["exports"]], [[], [], 0, []]);
  equal(shown["broken"], null);
  b.call("failover start", { ...VM, point: second });
  const held = b.call("points show", { ...VM, point: second }) as JsonObject;
  deepEqual(held["holds"], ["failover"]);
  deepEqual(held["usedBy"], ['failover of "vm"']);
  equal(refusal(() => b.call("points show", VM)).code, "bad-argument");
  equal(
    refusal(() => b.call("points show", { ...VM, point: "0".repeat(32) })).code,
    "no-such-point",
  );
});

Deno.test("any point is exported as it was, with a manifest, and nothing beside it", () => {
  const { a, b, points } = threePoints(202);
  for (const [index, point] of points.entries()) {
    const path = `/out/p${index}`;
    const answer = b.call("points export", { ...VM, point, out: path }) as JsonObject;
    equal(answer["verified"], true);
    equal(answer["path"], path);
    const image = bytesOf(b, "out", `p${index}`, "disk-0.raw");
    for (const fill of [1, 2]) {
      const expected = fill <= index ? fill : 0;
      deepEqual(
        image.slice(fill * 4096, fill * 4096 + 2048),
        new Uint8Array(2048).fill(expected),
        `point ${index}, bytes of ${fill}`,
      );
    }
    const manifest = manifestOf(b, "out", `p${index}`);
    equal((manifest["point"] as JsonObject)["id"], point);
    const [disk] = manifest["disks"] as JsonObject[];
    const shown = b.call("points show", { ...VM, point }) as JsonObject;
    equal(disk?.["digest"], (shown["digests"] as string[])[0]);
    equal(disk?.["size"], image.length);
  }
  deepEqual(namesIn(b, "out"), points.map((_, index) => `p${index}`));
  const file = entry(b, "out", "p0", "disk-0.raw") as FileNode;
  ok(file.space < file.sectors.length, "it is sparse");
  // The guest writes on, and cycles go on.
  a.write("vm/0", 0, new Uint8Array(512).fill(9));
  a.call("replication cycle", VM);
});

Deno.test("an export that cannot be is refused before anything is written, and says what to do", () => {
  const { b, points } = threePoints(203);
  const point = points[0] as string;
  const refused = (out: string) => refusal(() => b.call("points export", { ...VM, point, out }));
  equal(refused("out/x").code, "bad-argument");
  equal(refused("/").code, "bad-argument");
  equal(refused("/out/..").code, "bad-argument");
  const missing = refused("/out/none/x");
  equal(missing.code, "not-found");
  match(missing.failure.action, /Make that folder first/);
  b.call("points export", { ...VM, point, out: "/out/x" });
  equal(refused("/out/x").code, "exists");
  equal(refused("/out/x/").code, "exists");
  const place = b.host.places.get("out") as Directory;
  place.volume.capacity = place.volume.used + 512;
  const full = refused("/out/y");
  equal(full.code, "no-space");
  match(full.failure.message, /No room to export/);
  deepEqual(namesIn(b, "out"), ["x"]);
});

Deno.test("a disk that fills up or fails amid an export leaves no half of one", () => {
  const { b, points } = threePoints(204);
  const point = points[2] as string;
  const place = b.host.places.get("out") as Directory;
  for (const fault of ["failWrites", "failFlushes"] as const) {
    place.volume.faults[fault] = 1;
    equal(refusal(() => b.call("points export", { ...VM, point, out: "/out/x" })).code, "io-error");
    deepEqual(namesIn(b, "out"), [], fault);
  }
  b.call("points export", { ...VM, point, out: "/out/x" });
  deepEqual(namesIn(b, "out"), ["x"]);
});

Deno.test("bytes that rotted are never exported as those of the point", () => {
  const { b, points } = threePoints(205);
  const point = points[2] as string;
  const store = b.server?.replica.machine("vm").store;
  const folders = (store?.diskFiles[0] ?? "").slice(b.host.data.path.length + 1).split("/");
  let found: Directory | FileNode | undefined = b.host.data;
  for (const name of folders) {
    found = found instanceof Directory ? found.entries.get(name) : undefined;
  }
  (found as FileNode).rot(2 * 4096 + 5, 3);
  const failure = refusal(() => b.call("points export", { ...VM, point, out: "/out/x" }));
  equal(failure.code, "damaged");
  match(failure.failure.message, /does not read as it was written/);
  deepEqual(namesIn(b, "out"), []);
});

Deno.test("a crash amid an export leaves what nobody takes for one, and the next tells of it", () => {
  const { b, points } = threePoints(206);
  const point = points[1] as PointId;
  const whole = new Set<boolean>();
  for (const how of ["kill", "power"] as const) {
    for (let call = 1; call < 60; call += 3) {
      const out = `/out/${how}${call}`;
      const world = b.host.world;
      world.crashAt("b", b.host.calls + call, call % 2 === 0 ? "before" : "after", how);
      b.host.attempt(b.server!.call("points export", { ...VM, point, out }));
      world.host("b").crashPlan = undefined;
      if (b.host.power === "off") b.host.powerOn();
      if (b.host.process === undefined) b.start();
      const name = out.slice(5);
      const made = entry(b, "out", name);
      whole.add(made !== undefined);
      if (made === undefined) continue;
      equal((manifestOf(b, "out", name)["point"] as JsonObject)["id"], point);
      deepEqual(
        bytesOf(b, "out", name, "disk-0.raw").slice(4096, 4096 + 2048),
        new Uint8Array(2048).fill(1),
      );
    }
  }
  deepEqual([...whole].sort(), [false, true]);
  const parts = namesIn(b, "out").filter((name) => name.includes(".part-"));
  ok(parts.length > 0, "some were cut short");
  const name = (parts[0] as string).slice(1).replace(/\.part-.*/, "");
  const answer = b.call("points export", { ...VM, point, out: `/out/${name}` }) as JsonObject;
  deepEqual(answer["leftovers"], [`/out/${parts[0]}`]);
});

Deno.test("an export holds its point against retention, and ends with its machine", () => {
  const { world, a, b, points } = threePoints(207);
  const point = points[0] as string;
  const place = b.host.places.get("out") as Directory;
  place.volume.faults.slowdown = 100_000;
  const run = b.host.process!.loop.start(
    "export",
    b.server!.call("points export", { ...VM, point, out: "/out/x" }),
  );
  world.runFor(100_000);
  equal(run.outcome, undefined, "it goes on");
  const shown = b.call("points show", { ...VM, point }) as JsonObject;
  equal(shown["views"], 1);
  equal((shown["exports"] as JsonObject[])[0]?.["path"], "/out/x");
  a.call("replication set", { ...VM, retention: "newest" });
  a.write("vm/0", 0, new Uint8Array(512).fill(7));
  a.call("replication cycle", VM);
  world.runFor(5_000_000);
  ok((b.call("points list", VM) as JsonObject[]).some(({ id }) => id === point), "it is held");
  place.volume.faults.slowdown = 1;
  b.call("replication disable", VM);
  world.runFor(60_000_000);
  equal((run as { readonly outcome?: { readonly ok: boolean } }).outcome?.ok, false, "it ended");
  deepEqual(namesIn(b, "out"), []);
});
