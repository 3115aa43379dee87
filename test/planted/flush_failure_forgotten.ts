/**
 * A flush that failed is forgotten: the next one may succeed over what it lost (T10).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A flush that failed is forgotten: the next one may succeed over what it lost. */
export const FLUSH_FAILURE_FORGOTTEN: Plant = {
  id: "flush-failure-forgotten",
  rule: "T10",
  invariants: ["I15", "I16"],
  file: "engine/core/tracking/tracked_disk.ts",
  before: `      if (isFailed(error) && error.code !== "cancelled") this.#fail(error.failure);
`,
  after: ``,
};
