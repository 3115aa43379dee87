/**
 * I11: What the primary was told is staged is there after any crash of the replica.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I11. */
export const DURABLE_BEFORE_ACK: Invariant = {
  id: "I11",
  about: "What the primary was told is staged is there after any crash of the replica",
  begin: (ground) => ({
    points: ({ vm, points, opened, rotten }) => {
      // A point whose bytes rotted is reported as broken, and may go then.
      if (!opened || rotten || ground.retired(vm)) return;
      const { told } = ground.newest(vm);
      if (told === undefined || points.some(({ id }) => id === told)) return;
      const cut = ground.cutOf(told) ?? 0;
      const newer = points.some(({ id }) => (ground.cutOf(id) ?? 0) > cut);
      if (newer) return;
      ground.violate("I11", `${vm}: point ${told} was acknowledged and is gone after a restart`);
    },
  }),
};
