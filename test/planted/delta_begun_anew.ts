/**
 * Behind a reconnect the open delta is dropped and everything sent again (C3).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** Behind a reconnect everything is sent again. */
export const DELTA_BEGUN_ANEW: Plant = {
  id: "delta-begun-anew",
  rule: "C3",
  invariants: ["I22"],
  file: "engine/core/primary/cycle.ts",
  before: `    if (delta.shipment.resumeAt(ready.records)) return delta;
`,
  after: `    if (ready.records === 0 && delta.shipment.resumeAt(0)) return delta;
`,
};
