/**
 * I38: A failover starts within seconds: it waits for no peer, no link, and no apply (R4).
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** What a start may take on storage that is not slower than usual, µs. */
const START_MAX = 5_000_000;

/** I38. */
export const FAILOVER_TIME: Invariant = {
  id: "I38",
  about: "A failover starts within seconds: it waits for no peer, no link, and no apply",
  begin: (ground) => ({
    verb: ({ host, at = host, vm, verb, before, took }) => {
      // Beside another verb of the same machine it waits for that one.
      if (verb !== "failover start" || before === "busy") return;
      if (took <= START_MAX || ground.slowed(at) || ground.doubtful(at)) return;
      ground.violate("I38", `${vm}: "${verb}" took ${took} µs`);
    },
  }),
};
