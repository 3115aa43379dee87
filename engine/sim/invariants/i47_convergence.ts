/**
 * I47: After the last fault has healed a new point is staged within three cycles and the time of the transfer.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I47. */
export const CONVERGENCE: Invariant = {
  id: "I47",
  about:
    "After the last fault has healed a new point is staged within three cycles and the time of the transfer",
  begin: (ground) => ({
    deadline: ({ vm, state, converged, detail }) => {
      if (converged) return;
      ground.violate(
        "I47",
        `${vm}: no new point since everything healed, state ${state}: ${detail}`,
      );
    },
  }),
};
