/**
 * I6: A listed recovery point never changes.
 *
 * @module
 */

import { Seen } from "./seen.ts";
import type { Invariant } from "./fact.ts";

/** I6. */
export const IMMUTABLE: Invariant = {
  id: "I6",
  about: "A listed recovery point never changes",
  begin: (ground) => {
    const seen = new Seen();
    return {
      image: ({ vm, point, why, image }) => {
        if (why === "completed" || !seen.changed(point, image)) return;
        if (seen.dropsSince(point) > 0) return;
        ground.violate("I6", `${vm}: point ${point} (${why}) reads otherwise than before`);
      },
      dropped: () => seen.drop(),
    };
  },
};
