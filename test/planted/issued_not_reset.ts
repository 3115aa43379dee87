/**
 * Points issued before the base stay listed as issued since (T4).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** Points issued before the base stay listed as issued since. */
export const ISSUED_NOT_RESET: Plant = {
  id: "issued-not-reset",
  rule: "T4",
  invariants: ["I12"],
  file: "engine/core/tracking/tracked_disk.ts",
  before: `const issued = place < 0 ? [] : this.issued.slice(place + 1);`,
  after: `const issued = this.issued;`,
};
