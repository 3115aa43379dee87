/**
 * One block that a demoted primary changed makes its whole disk travel back (L2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** One block that a demoted primary changed makes its whole disk travel back. */
export const TAIL_MARKS_ALL: Plant = {
  id: "tail-marks-all",
  rule: "L2",
  invariants: ["I59"],
  file: "engine/core/primary/opening.ts",
  before: `      changed.set(start, start + length);
`,
  after: `      changed.set(0, changed.size);
`,
};
