/**
 * After an unclean stop the hot regions are not suspected (T1).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** After an unclean stop the hot regions are not suspected. */
export const HOT_REGIONS_FORGOTTEN: Plant = {
  id: "hot-regions-forgotten",
  rule: "T1",
  invariants: ["I12"],
  file: "engine/core/tracking/hrl_recovery.ts",
  before: `  suspectRegions(file, blocks, pages, ring);
`,
  after: ``,
};
