/**
 * The bits of a delta are cleared without a flush of the disk (T3).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The bits of a delta are cleared without a flush of the disk. */
export const BITS_CLEARED_BEFORE_FLUSH: Plant = {
  id: "bits-cleared-before-flush",
  rule: "T3",
  invariants: ["I12"],
  file: "engine/core/tracking/tracked_disk.ts",
  before: `      yield* this.flush();
      const place =`,
  after: `      const place =`,
};
