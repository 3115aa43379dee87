/**
 * I1: what a recovery point holds.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I1: content, byte for byte. */
export const PREFIX: Invariant = {
  id: "I1",
  about: "A recovery point holds every write acknowledged before its cut, byte for byte",
  begin: (ground) => ({
    image: ({ vm, point, why, cut, judgement }) => {
      const wrong = judgement.mismatches.find(({ shown }) =>
        shown === undefined || cut === undefined || shown.issued < cut
      );
      if (wrong === undefined) return;
      const { disk, sector, found, expected } = wrong;
      const where = `disk ${disk} sector ${sector}`;
      ground.violate(
        "I1",
        `${vm}: point ${point} (${why}): ${where} holds ${found}; expected: ${expected}`,
      );
    },
  }),
};
