/**
 * Clearing a delta writes pages of zeros, and not what was changed since the cut (T2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** Clearing a delta writes pages of zeros, and not what was changed since the cut. Pages say what is in the delta alone, which is empty by then. */
export const CLEAR_WRITES_ZERO: Plant = {
  id: "clear-writes-zero",
  rule: "T2",
  invariants: ["I12"],
  file: "engine/core/tracking/page_bits.ts",
  before: `const all = delta.all.word(word) | current.all.word(word);`,
  after: `const all = delta.all.word(word);`,
};
