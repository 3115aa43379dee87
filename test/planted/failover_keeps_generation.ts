/**
 * A completed failover begins no generation: two servers write in one (L5).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A completed failover begins no generation. */
export const FAILOVER_KEEPS_GENERATION: Plant = {
  id: "failover-keeps-generation",
  rule: "L5",
  invariants: ["I24", "I25"],
  file: "engine/core/failover/merge.ts",
  before: `  const ancestry = beginGeneration(
    ancestryAt(machine, failover),
    failover.generation,
    failover.point,
    machine.server,
    "failover",
  );
`,
  after: `  const ancestry = ancestryAt(machine, failover);
`,
};
