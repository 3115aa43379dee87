/**
 * The state says that a delta is applied before the disks have it durably (R3).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The state says that a delta is applied before the disks have it durably. */
export const STATE_BEFORE_DISKS: Plant = {
  id: "state-before-disks",
  rule: "R3",
  invariants: ["I1", "I2", "I3", "I4", "I5", "I6", "I8"],
  file: "engine/core/history/apply.ts",
  before: `  const stamps = yield* files.stamps();
  // Crash before: the apply`,
  after: `  const stamps = yield* files.currentStamps();
  // Crash before: the apply`,
};
