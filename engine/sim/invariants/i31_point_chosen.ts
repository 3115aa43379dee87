/**
 * I31: The point that was chosen is the point that is started.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I31. */
export const POINT_CHOSEN: Invariant = {
  id: "I31",
  about: "The point that was chosen is the point that is started",
  begin: (ground) => ({
    "failed-over": ({ vm, asked, started }) => {
      if (asked !== started) ground.violate("I31", `${vm}: asked for ${asked}, started ${started}`);
    },
  }),
};
