/**
 * A disable whose record cannot be written stops replication, and leaves it so (C4).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A disable that fails stops replication all the same. */
export const FAILED_DISABLE_STOPS: Plant = {
  id: "failed-disable-stops",
  rule: "C4",
  invariants: ["I39", "I46", "I47"],
  file: "engine/core/server/primary_role/relationship_changes.ts",
  before: `    if (machine.state !== "Disabled") machines.replicate(entry, replicator);
`,
  after: ``,
};
