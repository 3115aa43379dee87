/**
 * The map of an overlay says that a cluster counts before its data is durable (R8).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** An overlay says that a cluster counts before its data is durable. */
export const MAP_BEFORE_DATA: Plant = {
  id: "map-before-data",
  rule: "R8",
  invariants: ["I16", "I30", "I1"],
  file: "engine/core/history/overlay.ts",
  before: `    if (!this.#unflushed) return;
    this.#unflushed = false;`,
  after: `    if (this.#data.size > 0) return;
    this.#unflushed = false;`,
};
