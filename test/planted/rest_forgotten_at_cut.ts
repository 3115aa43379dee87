/**
 * What a view that was given up had left to send is forgotten at the next cut (C4).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** What a view that was given up had left to send is forgotten at the next cut. */
export const REST_FORGOTTEN_AT_CUT: Plant = {
  id: "rest-forgotten-at-cut",
  rule: "C4",
  invariants: ["I1", "I2", "I3", "I4", "I5", "I6", "I8"],
  file: "engine/core/tracking/tracked_disk.ts",
  before: `    this.#rest.absorb(cut);`,
  after: `    this.#rest = cut.copy();`,
};
