/**
 * A delta is staged on any parent (R2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A delta is staged on any parent. */
export const NO_PARENT_CHECK: Plant = {
  id: "no-parent-check",
  rule: "R2",
  invariants: ["I23", "I5", "I1", "I24", "I26"],
  file: "engine/core/history/replica_store.ts",
  before: `    if (newest?.id === parent) return;
    throw peerFailure(`,
  after: `    if (newest !== undefined) return;
    throw peerFailure(`,
};
