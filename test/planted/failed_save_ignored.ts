/**
 * A failed save of old contents does not give the view up (C2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A failed save of old contents does not give the view up. */
export const FAILED_SAVE_IGNORED: Plant = {
  id: "failed-save-ignored",
  rule: "C2",
  invariants: ["I2", "I4", "I3", "I1"],
  file: "engine/core/tracking/delta_view.ts",
  before: `      this.giveUp(\`old contents cannot be saved (\${error.failure.message})\`);
`,
  after: `      this.#unsaved.clear(start, end);
`,
};
