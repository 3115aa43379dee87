/**
 * I23: From the start of a failover on, nothing of the older generation changes the replica.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I23. */
export const FENCING: Invariant = {
  id: "I23",
  about: "From the start of a failover on, nothing of the older generation changes the replica",
  begin: (ground) => {
    const failedOver = new Set<string>();
    return {
      engine: ({ sighting: { host, event } }) => {
        if (host !== "b") return;
        if (event.kind === "failover") {
          if (event.step === "cancelled") failedOver.delete(event.machine);
          else failedOver.add(event.machine);
        } else if (event.kind === "staged" && failedOver.has(event.machine)) {
          if (ground.cutOf(event.point) === undefined) return;
          ground.violate(
            "I23",
            `${event.machine}: ${event.point} of the old primary was staged in a failover`,
          );
        }
      },
      points: ({ vm, failedOver: now }) => {
        if (!now && !ground.retired(vm)) failedOver.delete(vm);
      },
    };
  },
};
