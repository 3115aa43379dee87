/**
 * Old contents whose save failed count as saved (C2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** Old contents whose save failed count as saved. */
export const FAILED_SAVE_IGNORED: Plant = {
  id: "failed-save-ignored",
  rule: "C2",
  invariants: ["I1", "I2", "I3", "I4", "I5", "I6", "I8"],
  file: "engine/core/tracking/delta_view.ts",
  before: `      yield* cow.write(slots, old);
`,
  after: `      try {
        yield* cow.write(slots, old);
      } catch (error) {
        if (!isFailed(error) || error.code === "cancelled") throw error;
      }
`,
};
