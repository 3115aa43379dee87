/**
 * When undo files are merged the newer contents win (R7).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** When undo files are merged the newer contents win. */
export const MERGE_NEWEST_WINS: Plant = {
  id: "merge-newest-wins",
  rule: "R7",
  invariants: ["I1", "I2", "I3", "I4", "I6", "I7", "I8", "I9", "I30"],
  file: "engine/core/history/undo_merge.ts",
  before: `  return new Overlaid(joined(list.slice(0, half)), joined(list.slice(half)));`,
  after: `  return new Overlaid(joined(list.slice(half)), joined(list.slice(0, half)));`,
};
