/**
 * A new client is served while writes of the old one are under way (N2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A new client is served while writes of the old one are under way. */
export const ORPHAN_WRITES: Plant = {
  id: "orphan-writes",
  rule: "N2",
  invariants: ["I16", "I1", "I2", "I3", "I4", "I6", "I7", "I8", "I9", "I30"],
  file: "engine/core/server/attachments.ts",
  before: `    if (together) return;
    yield* this.#stop(name, earlier);
`,
  after: `    if (together) return;
    for (const other of earlier) this.leave(name, other);
`,
};
