/**
 * I7: Dropping a recovery point changes no other one.
 *
 * @module
 */

import { Seen } from "./seen.ts";
import type { Invariant } from "./fact.ts";

/** I7. */
export const MERGE_NEUTRAL: Invariant = {
  id: "I7",
  about: "Dropping a recovery point changes no other one",
  begin: (ground) => {
    const seen = new Seen();
    return {
      image: ({ vm, point, why, image }) => {
        if (why === "completed" || !seen.changed(point, image)) return;
        if (seen.dropsSince(point) === 0) return;
        ground.violate("I7", `${vm}: point ${point} reads otherwise since older ones were dropped`);
      },
      dropped: () => seen.drop(),
    };
  },
};
