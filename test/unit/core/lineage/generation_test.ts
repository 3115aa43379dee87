/**
 * Of which generation a point is that a machine has (L1).
 *
 * @module
 */

import { equal } from "node:assert/strict";
import type { GenerationId, PointId } from "../../../../engine/core/base/units.ts";
import {
  beginGeneration,
  firstGeneration,
  generationOf,
} from "../../../../engine/core/lineage/generation.ts";

const [first, second, third] = ["1", "2", "3"].map((digit) => digit.repeat(32) as GenerationId);
const [branch, other] = ["a", "b"].map((digit) => digit.repeat(32) as PointId);

Deno.test("the point at which a generation begins is of the one before it, any other of the one in force", () => {
  const created = [firstGeneration(first!, "a")];
  equal(generationOf(created, branch!), first);
  const moved = beginGeneration(created, second!, branch!, "b", "failover");
  equal(generationOf(moved, branch!), first);
  equal(generationOf(moved, other!), second);
});

Deno.test("a point at which several generations begin is of the one before the oldest of them", () => {
  const created = [firstGeneration(first!, "a")];
  const moved = beginGeneration(created, second!, branch!, "b", "failover");
  const again = beginGeneration(moved, third!, branch!, "a", "failover");
  equal(generationOf(again, branch!), first);
  equal(generationOf(again, other!), third);
});
