/**
 * The first block of a write is not saved for the frozen view (C2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The first block of a write is not saved for the frozen view. */
export const COPY_BEFORE_WRITE_SKIPPED: Plant = {
  id: "copy-before-write-skipped",
  rule: "C2",
  invariants: ["I1", "I2", "I3", "I4", "I6", "I7", "I8", "I9", "I30"],
  file: "engine/core/tracking/delta_view.ts",
  before: `this.#unsaved.any(start, end);
  }`,
  after: `this.#unsaved.any(start + 1, end);
  }`,
};
