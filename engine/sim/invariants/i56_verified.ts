/**
 * I56: A replica that is verified is found equal, unless its bytes were changed behind its back.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I56. */
export const VERIFIED: Invariant = {
  id: "I56",
  about: "A replica that is verified is found equal, unless its bytes were changed behind its back",
  begin: (ground) => ({
    verified: ({ vm, equal }) => {
      if (equal || ground.doubtful(ground.away(vm))) return;
      ground.violate("I56", `${vm}: verify found a difference, and nothing damaged the replica`);
    },
  }),
};
