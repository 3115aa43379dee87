/**
 * I2: No byte of a recovery point was written after its declared cut.
 *
 * @module
 */

import { tellMismatch } from "./mismatch.ts";
import type { Invariant } from "./fact.ts";

/** I2. */
export const DECLARED_CUT: Invariant = {
  id: "I2",
  about: "No byte of a recovery point was written after its declared cut",
  begin: (ground) => ({
    image: ({ vm, point, why, cut, judgement }) => {
      if (why === "failover" || why === "completed" || cut === undefined) return;
      const late = judgement.mismatches.find(({ shown }) => (shown?.issued ?? 0) > cut);
      if (late !== undefined) ground.violate("I2", tellMismatch(vm, point, why, late));
    },
  }),
};
