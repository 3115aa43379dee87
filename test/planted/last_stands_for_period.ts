/**
 * The last point of a period stands for it, so that the period's first is dropped for the next (R7).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The last point of a period stands for it, so that the period's first is dropped for the next. */
export const LAST_STANDS_FOR_PERIOD: Plant = {
  id: "last-stands-for-period",
  rule: "R7",
  invariants: ["I41"],
  file: "engine/core/history/kept_points.ts",
  before: `    else if (held?.kind === "standard" && point.kind !== "standard") {`,
  after: `    else if (held !== undefined) {`,
};
