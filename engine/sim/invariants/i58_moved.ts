/**
 * I58: A machine that changes sides has all that its guest did: a planned failover and a reversal lose nothing.
 *
 * @module
 */

import { tellMismatch } from "./mismatch.ts";
import type { Invariant } from "./fact.ts";

/** I58. */
export const MOVED: Invariant = {
  id: "I58",
  about:
    "A machine that changes sides has all that its guest did: a planned failover and a reversal lose nothing",
  begin: (ground) => ({
    moved: ({ vm, judgement, different }) => {
      const [wrong] = judgement.mismatches;
      if (wrong !== undefined) ground.violate("I58", tellMismatch(vm, "", "moved", wrong));
      for (const disk of different) {
        ground.violate(
          "I58",
          `${vm}: disk ${disk} differs from what it was where its guest left it`,
        );
      }
    },
  }),
};
