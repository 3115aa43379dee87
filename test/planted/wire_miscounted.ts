/**
 * What travelled compressed is counted as what it was before (C6).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** What travelled compressed is counted as what it was before. */
export const WIRE_MISCOUNTED: Plant = {
  id: "wire-miscounted",
  rule: "C6",
  invariants: ["I53", "I39"],
  file: "engine/core/primary/sent.ts",
  before: `  work.statistics.wireBytes += wire;`,
  after: `  work.statistics.wireBytes += Math.max(bytes, wire);`,
};
