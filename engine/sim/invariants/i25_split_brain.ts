/**
 * I25: When both sites accepted writes the old primary knows it, says so, and sends nothing.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I25. */
export const SPLIT_BRAIN: Invariant = {
  id: "I25",
  about: "When both sites accepted writes the old primary knows it, says so, and sends nothing",
  begin: (ground) => ({
    deadline: ({ vm, state, health, replica }) => {
      if (state === "none" || state === "Disabled") return;
      // One that was paused sends nothing and asks nobody, and its health says that it is.
      if (state === "Suspended" && health !== "Normal") return;
      // One that is prepared is locked: its guest is off, and its health says that it is (L4).
      if (state === "PreparedForFailover" && health !== "Normal") return;
      if (replica === "FailedOver" && state !== "Error") {
        ground.violate("I25", `${vm}: its failover is complete, the old primary says ${state}`);
      }
      if (replica === "FailedOverWaitingCompletion" && health === "Normal") {
        ground.violate("I25", `${vm}: it is failed over, the old primary's health is ${health}`);
      }
    },
  }),
};
