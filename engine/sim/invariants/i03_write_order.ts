/**
 * I3: Where two writes meet, a recovery point shows the later one of those that it holds.
 *
 * @module
 */

import { tellMismatch } from "./mismatch.ts";
import type { Invariant } from "./fact.ts";

/** I3. */
export const WRITE_ORDER: Invariant = {
  id: "I3",
  about: "Where two writes meet, a recovery point shows the later one of those that it holds",
  begin: (ground) => ({
    image: ({ vm, point, why, cut, judgement }) => {
      if (why === "failover" || why === "completed" || cut === undefined) return;
      const old = judgement.mismatches.find(({ shown }) => (shown?.issued ?? Infinity) <= cut);
      if (old !== undefined) ground.violate("I3", tellMismatch(vm, point, why, old));
    },
  }),
};
