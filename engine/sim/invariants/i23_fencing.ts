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
    const completed = new Set<string>();
    return {
      engine: ({ sighting: { host, event } }) => {
        if (host !== "b") return;
        if (event.kind === "failover") {
          if (event.step === "cancelled") failedOver.delete(event.machine);
          else failedOver.add(event.machine);
          if (event.step === "completed") completed.add(event.machine);
        } else if (event.kind === "staged") {
          const { machine, point } = event;
          const ours = ground.cutOf(point) !== undefined;
          // The end of a failover is a point that no cut made; every other one is a stranger's.
          if (!ours && failedOver.has(machine) && !completed.has(machine)) return;
          if (ours && !failedOver.has(machine)) return;
          if (!ours) return ground.violate("I23", `${machine}: ${point} of a stranger was staged`);
          ground.violate(
            "I23",
            `${event.machine}: ${event.point} of the old primary was staged in a failover`,
          );
        }
      },
      // What was failed over is gone with its failover; an empty replica takes whatever comes.
      destroyed: ({ host }) => {
        if (host !== "b") return;
        failedOver.clear();
        completed.clear();
      },
      removed: ({ vm }) => {
        failedOver.delete(vm);
        completed.delete(vm);
      },
      points: ({ vm, failedOver: now }) => {
        // A crash may come between the record of a failover and the word of it.
        if (now) failedOver.add(vm);
        else if (!ground.retired(vm)) failedOver.delete(vm);
      },
    };
  },
};
