/**
 * A primary that restarted and reaches nobody has no recovery point to be late with, and calls itself healthy (T4).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A primary that restarted and reaches nobody calls itself healthy. */
export const HEALTHY_AND_BLIND: Plant = {
  id: "healthy-and-blind",
  rule: "T4",
  invariants: ["I37", "I46"],
  file: "engine/core/server/status.ts",
  before: `  return machine.tracked.some(({ base }) => base.kind === "point");
`,
  after: `  return false;
`,
};
