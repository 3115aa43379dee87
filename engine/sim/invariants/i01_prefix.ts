/**
 * I1: A recovery point holds what guests wrote, byte for byte, and every write that was acknowledged before its cut.
 *
 * @module
 */

import { tellMismatch } from "./mismatch.ts";
import type { Invariant } from "./fact.ts";

/** I1. */
export const PREFIX: Invariant = {
  id: "I1",
  about:
    "A recovery point holds what guests wrote, byte for byte, and every write that was acknowledged before its cut",
  begin: (ground) => ({
    image: ({ vm, point, why, judgement }) => {
      if (why === "failover" || why === "completed") return;
      const wrong = judgement.mismatches.find(({ shown }) => shown === undefined);
      if (wrong !== undefined) ground.violate("I1", tellMismatch(vm, point, why, wrong));
    },
  }),
};
