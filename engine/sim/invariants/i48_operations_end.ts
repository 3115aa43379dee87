/**
 * I48: Every operation ends.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I48. */
export const OPERATIONS_END: Invariant = {
  id: "I48",
  about: "Every operation ends",
  begin: (ground) => ({
    verb: ({ host, vm, verb, outcome, took }) => {
      if (outcome !== undefined) return;
      ground.violate("I48", `${vm}: "${verb}" at ${host} has not ended for ${took} µs`);
    },
  }),
};
