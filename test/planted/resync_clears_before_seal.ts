/**
 * A resynchronization forgets what it has sent before any point holds it: a crash loses those blocks.
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** Bits of blocks that were sent into the unsealed delta are cleared with those that were equal. */
export const RESYNC_CLEARS_BEFORE_SEAL: Plant = {
  id: "resync-clears-before-seal",
  rule: "L8",
  invariants: ["I1", "I2", "I3", "I4", "I5", "I8", "I12"],
  file: "engine/core/primary/resynchronization.ts",
  before: `  for (const disk of machine.tracked) yield* disk.settleEqual();`,
  after: `  for (const disk of machine.tracked) yield* disk.settle();`,
};
