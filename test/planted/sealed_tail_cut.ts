/**
 * A sealed delta is opened like an open one, and its tail is cut (R1).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A sealed delta is opened like an open one, and its tail is cut. */
export const SEALED_TAIL_CUT: Plant = {
  id: "sealed-tail-cut",
  rule: "R1",
  invariants: ["I5", "I11", "I13", "I41", "I1"],
  file: "engine/core/history/recovery.ts",
  before: `    if (!name.endsWith(".open")) continue;
    const delta`,
  after: `    if (!name.endsWith(".open") && !name.endsWith(".delta")) continue;
    const delta`,
};
