/**
 * What lies behind the last record of a sealed delta is taken for a torn tail and cut (R1).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** What lies behind the last record of a sealed delta, its index, is taken for a torn tail and cut. */
export const SEALED_TAIL_CUT: Plant = {
  id: "sealed-tail-cut",
  rule: "R1",
  invariants: ["I5", "I11", "I13", "I47", "I1"],
  file: "engine/core/history/recovery.ts",
  before:
    `    const metadata = typeof delta === "string" ? undefined : deltaMetadata(delta.metadata);
    if (typeof delta`,
  after: `    if (typeof delta !== "string") yield* delta.file.truncate(delta.bodyEnd);
    const metadata = typeof delta === "string" ? undefined : deltaMetadata(delta.metadata);
    if (typeof delta`,
};
