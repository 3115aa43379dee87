/**
 * The undo file is made again after its mark, from a half-written disk (R3).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The undo file is made again after its mark, from a half-written disk. */
export const UNDO_MADE_AGAIN: Plant = {
  id: "undo-made-again",
  rule: "R3",
  invariants: ["I1", "I2", "I3", "I4", "I6", "I7", "I8", "I9", "I30"],
  file: "engine/core/history/apply.ts",
  before: `    if (!files.applyOpen) {`,
  after: `    if (delta !== undefined) {`,
};
