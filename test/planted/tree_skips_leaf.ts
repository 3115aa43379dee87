/**
 * A comparison takes the last of several units for equal, whatever the replica said of it.
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The last unit of a question is never descended into. */
export const TREE_SKIPS_LEAF: Plant = {
  id: "tree-skips-leaf",
  rule: "L2",
  invariants: ["I1", "I2", "I3", "I4", "I5", "I8", "I12"],
  file: "engine/core/primary/narrowing.ts",
  before:
    `    if (differs) next.push(...settle(narrowing, tree.descend(compared.unit, { at, length })));`,
  after: `    const last = compared.count > 1 && to === compared.count * compared.unit;
    if (differs && !last) {
      next.push(...settle(narrowing, tree.descend(compared.unit, { at, length })));
    }`,
};
