/**
 * The last block of the disk is not suspected after an unclean stop (T1).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The last block of the disk is not suspected after an unclean stop. */
export const LAST_BLOCK_FORGOTTEN: Plant = {
  id: "last-block-forgotten",
  rule: "T1",
  invariants: ["I12"],
  file: "engine/core/tracking/hrl_recovery.ts",
  before: `    const end = Math.min(blocks.size, start + regionBlocks);`,
  after: `    const end = Math.min(blocks.size - 1, start + regionBlocks);`,
};
