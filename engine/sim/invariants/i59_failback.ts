/**
 * I59: A way back costs what changed: behind a move at most the blocks travel that either side changed since the point that both have.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I59. */
export const FAILBACK: Invariant = {
  id: "I59",
  about:
    "A way back costs what changed: behind a move at most the blocks travel that either side changed since the point that both have",
  begin: (ground) => ({
    failback: ({ vm, sent, changed }) => {
      if (sent <= changed) return;
      ground.violate("I59", `${vm}: ${sent} bytes of blocks travelled, and ${changed} had changed`);
    },
  }),
};
