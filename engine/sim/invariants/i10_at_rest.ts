/**
 * I10: A point that says it is application-consistent was cut while its guest was at rest.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I10. */
export const AT_REST: Invariant = {
  id: "I10",
  about: "A point that says it is application-consistent was cut while its guest was at rest",
  begin: (ground) => {
    const rests = new Map<string, boolean>();
    return {
      rest: ({ point, atRest }) => {
        rests.set(point, atRest);
      },
      points: ({ vm, points }) => {
        for (const { id, kind } of points) {
          if (kind !== "application-consistent" || rests.get(id) === true) continue;
          ground.violate("I10", `${vm}: point ${id} is ${kind}, and its guest was at work`);
        }
      },
    };
  },
};
