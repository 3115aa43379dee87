/**
 * Blocks are written on the strength of a page that does not say so: what a crash leaves of them is lost.
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A page that covers what a small activity log cannot hold is written without its suspicion. */
export const SUSPICION_NOT_WRITTEN: Plant = {
  id: "suspicion-not-written",
  rule: "T8",
  invariants: ["I12"],
  file: "engine/core/tracking/page_cover.ts",
  before: `return (second | ~bits.first(word)) >>> 0;`,
  after: `return second;`,
};
