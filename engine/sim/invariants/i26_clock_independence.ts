/**
 * I26: Points are listed in the order of their cuts, whatever the wall clocks say.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I26. */
export const CLOCK_INDEPENDENCE: Invariant = {
  id: "I26",
  about: "Points are listed in the order of their cuts, whatever the wall clocks say",
  begin: (ground) => ({
    points: ({ vm, points }) => {
      let before = 0;
      for (const { id } of points) {
        const cut = ground.cutOf(id);
        if (cut === undefined) continue;
        if (cut <= before) {
          ground.violate(
            "I26",
            `${vm}: point ${id}, cut at ${cut}, is listed behind one of ${before}`,
          );
        }
        before = cut;
      }
    },
  }),
};
