/**
 * I8: A request is in a recovery point whole or not at all.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I8. */
export const ATOMIC: Invariant = {
  id: "I8",
  about: "A request is in a recovery point whole or not at all",
  begin: (ground) => ({
    image: ({ vm, point, why, judgement }) => {
      const { torn } = judgement;
      if (torn === undefined) return;
      const { request, inside, outside } = torn;
      ground.violate(
        "I8",
        `${vm}: point ${point} (${why}) shows request ${request.index} in sector ${inside} and misses it in ${outside}`,
      );
    },
  }),
};
