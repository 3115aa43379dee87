/**
 * A point declares the sizes that its disks have when it is sealed, and not those of its cut (C6, R6).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A point declares the sizes of the moment of its seal. */
export const SIZES_AT_SEAL: Plant = {
  id: "sizes-at-seal",
  rule: "C6",
  invariants: ["I57"],
  file: "engine/core/primary/cycle.ts",
  before: `    sizes: cut.sizes,`,
  after: `    sizes: work.machine.sizes,`,
};
