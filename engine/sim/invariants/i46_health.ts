/**
 * I46: Normal health means an RPO within its objective and no error unresolved.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** How late health may be, µs. */
const DELAY = 1_000_000;

/** I46. */
export const HEALTH: Invariant = {
  id: "I46",
  about: "Normal health means an RPO within its objective and no error unresolved",
  begin: (ground) => {
    return {
      status: ({ host, vm, status, incarnation }) => {
        if (host !== "a" || status["health"] !== "Normal") return;
        if (status["state"] !== "Replicating") {
          ground.violate("I46", `${vm}: health is Normal in state ${status["state"]}`);
        }
        const { staged } = ground.newest(vm);
        const spec = ground.world.machines.find(({ name }) => name === vm);
        const cut = staged === undefined ? undefined : ground.cutOf(staged);
        const history = ground.history(vm);
        if (spec === undefined || history === undefined || cut === undefined) return;
        const since = history.firstOutside(cut).surely;
        const rpo = since === Infinity ? 0 : ground.now - since;
        // A restarted server counts from its own start what it found changed.
        if (incarnation > 1 || rpo <= 2 * spec.frequency + DELAY) return;
        ground.violate("I46", `${vm}: health is Normal and the RPO is ${rpo} µs`);
      },
    };
  },
};
