/**
 * A raw read that overlapped an apply is not repeated (R4).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A raw read that overlapped an apply is not repeated. */
export const VIEW_MISSES_APPLY: Plant = {
  id: "view-misses-apply",
  rule: "R4",
  invariants: ["I1", "I2", "I3", "I4", "I6", "I7", "I8", "I9", "I30"],
  file: "engine/core/history/point_view.ts",
  before: `    if (gaps.length === 0 || version === files.version) return result;`,
  after: `    if (gaps.length === 0 || version >= 0) return result;`,
};
