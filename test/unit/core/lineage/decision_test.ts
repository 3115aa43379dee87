/**
 * The decision after the handshake, as a table of cases (L1, L2, L7).
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import type { GenerationId, PointId, SeedId } from "../../../../engine/core/base/units.ts";
import { decide, type DiskBase } from "../../../../engine/core/lineage/decision.ts";
import {
  type Ancestry,
  ancestryFromJson,
  ancestryToJson,
  beginGeneration,
  firstGeneration,
  relate,
} from "../../../../engine/core/lineage/generation.ts";

const id = <T extends string>(digit: string) => digit.repeat(32) as T;
const P1 = id<PointId>("1");
const P2 = id<PointId>("2");
const P3 = id<PointId>("3");
const S1 = id<SeedId>("5");
const first: Ancestry = [firstGeneration(id<GenerationId>("a"), "a")];
const second = beginGeneration(first, id<GenerationId>("b"), P1, "b", "failover");
const other = beginGeneration(first, id<GenerationId>("c"), P1, "a", "forced");
const stranger: Ancestry = [firstGeneration(id<GenerationId>("d"), "x")];

const onBase: DiskBase = { point: P1, seed: undefined, issued: [P2] };
const replica = {
  ancestry: first,
  newest: P1,
  seed: null,
  failedOver: false,
  otherWriter: undefined,
};

Deno.test("relate() tells same, older, newer, split and unrelated histories apart (L1)", () => {
  equal(relate(first, first), "same");
  equal(relate(second, first), "older");
  equal(relate(first, second), "newer");
  equal(relate(second, other), "split");
  equal(relate(first, stranger), "unrelated");
});

Deno.test("a replica at the base goes on at once, at an issued cut it is adopted (L2)", () => {
  deepEqual(decide(first, [onBase], false, replica), { kind: "cycle", disks: ["ready"] });
  const ahead = { ...replica, newest: P2 };
  deepEqual(decide(first, [onBase], false, ahead), { kind: "cycle", disks: ["adopt"] });
});

Deno.test("a replica at a point that the bits prove nothing about is compared whole (T4)", () => {
  const strange = { ...replica, newest: P3 };
  deepEqual(decide(first, [onBase], false, strange), { kind: "cycle", disks: ["compare-whole"] });
});

Deno.test("each disk of a machine is decided for itself", () => {
  const ahead: DiskBase = { point: P2, seed: undefined, issued: [] };
  const newest = { ...replica, newest: P2 };
  deepEqual(decide(first, [onBase, ahead], false, newest), {
    kind: "cycle",
    disks: ["adopt", "ready"],
  });
});

Deno.test("a replica without a point is seeded, resumed only when every disk is of that seed", () => {
  const empty = { ...replica, newest: null };
  const seeding: DiskBase = { point: undefined, seed: S1, issued: [] };
  const at = (seed: SeedId | null, disks: DiskBase[]) =>
    decide(first, disks, true, { ...empty, seed });
  deepEqual(at(null, [seeding]), { kind: "seed", resume: false });
  deepEqual(at(S1, [seeding]), { kind: "seed", resume: true });
  deepEqual(at(S1, [seeding, onBase]), { kind: "seed", resume: false });
  deepEqual(decide(first, [onBase], false, empty), { kind: "replica-lost" });
});

Deno.test("data never goes to a history that is not ours (L7), nor to one failed over (L5)", () => {
  const codes = [
    { ...replica, ancestry: second },
    { ...replica, ancestry: stranger },
    { ...replica, failedOver: true },
  ].map((standing) => {
    const decision = decide(first, [onBase], false, standing);
    return decision.kind === "hold" ? decision.failure.code : decision.kind;
  });
  deepEqual(codes, ["older-generation", "unknown-generation", "wrong-state"]);
  const split = decide(second, [onBase], false, { ...replica, ancestry: other });
  equal(split.kind === "hold" && split.failure.code, "split-brain");
});

Deno.test("an ancestry survives its record, and what is none is refused", () => {
  deepEqual(ancestryFromJson(ancestryToJson(second)), second);
  for (const bad of [null, [], "x", [{}], [{ generation: "z" }]]) {
    equal(ancestryFromJson(bad), undefined);
  }
});
