/**
 * I16: A read returns what was written or an error, and nothing flushed or acknowledged is lost by us.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I16. */
export const NEVER_WRONG: Invariant = {
  id: "I16",
  about:
    "A read returns what was written or an error, and nothing flushed or acknowledged is lost by us",
  begin: (ground) => ({
    reply: ({ reply }) => {
      const wrong = reply.judgement?.mismatches[0];
      if (wrong === undefined) return;
      const { disk, sector, found, expected } = wrong;
      ground.violate(
        "I16",
        `${reply.vm}: a guest read ${found} from disk ${disk} sector ${sector}; expected: ${expected}`,
      );
    },
    survived: ({ vm, how, judgement }) => {
      const [wrong] = judgement.mismatches;
      if (wrong === undefined) return;
      const { disk, sector, found, expected } = wrong;
      ground.violate(
        "I16",
        `${vm}: after ${how}: disk ${disk} sector ${sector} holds ${found}; expected: ${expected}`,
      );
    },
  }),
};
