/**
 * A delta goes on although the replica's newest point is not its parent (L2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A delta goes on although the replica's newest point is not its parent.
 * The replica refuses it, for ever: nothing new is staged. */
export const NO_PARENT_CHECK: Plant = {
  id: "no-parent-check",
  rule: "L2",
  invariants: ["I47", "I5", "I11", "I26"],
  file: "engine/core/primary/opening.ts",
  before: `  if (delta !== undefined && delta.parent !== newest) {`,
  after: `  if (delta !== undefined && work.base === undefined) {`,
};
