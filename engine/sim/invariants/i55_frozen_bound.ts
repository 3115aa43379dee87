/**
 * I55: No guest stays frozen for longer than freezing, cut and thaw may take.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/**
 * µs, on the scale of a run: 600 ms to freeze, 50 ms for the cut, 100 ms to thaw; a thaw that failed is tried again
 * after 10 s at most. Storage is no part of it.
 */
const FROZEN_MAX = 11_000_000;

/** I55. */
export const FROZEN_BOUND: Invariant = {
  id: "I55",
  about: "No guest stays frozen for longer than freezing, cut and thaw may take",
  begin: (ground) => ({
    frozen: ({ vm, micros }) => {
      if (micros <= FROZEN_MAX) return;
      ground.violate("I55", `${vm}: its guest has been frozen for ${micros} µs`);
    },
  }),
};
