/**
 * I30: After a failover the machine has exactly the writes up to the chosen cut, and after its completion what its guest left.
 *
 * @module
 */

import { tellMismatch } from "./mismatch.ts";
import type { Invariant } from "./fact.ts";

/** I30. */
export const LOSS_EXACT: Invariant = {
  id: "I30",
  about:
    "After a failover the machine has exactly the writes up to the chosen cut, and after its completion what its guest left",
  begin: (ground) => ({
    image: ({ vm, point, why, judgement }) => {
      if (why !== "failover" && why !== "completed") return;
      const [wrong] = judgement.mismatches;
      if (wrong !== undefined) ground.violate("I30", tellMismatch(vm, point, why, wrong));
    },
  }),
};
