/**
 * I20: A point is staged once and applied once, however often its messages arrive.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I20. */
export const IDEMPOTENT: Invariant = {
  id: "I20",
  about: "A point is staged once and applied once, however often its messages arrive",
  begin: (ground) => {
    const seen = new Set<string>();
    return {
      engine: ({ sighting: { host, event } }) => {
        if (host !== "b" || (event.kind !== "staged" && event.kind !== "applied")) return;
        const key = `${event.kind} ${event.point}`;
        // Where the newer of two states rotted the older one counts, and an apply is finished again.
        const again = event.kind === "applied" && ground.rotten;
        if (seen.has(key) && !again) {
          ground.violate("I20", `${event.machine}: ${key} a second time`);
        }
        seen.add(key);
      },
    };
  },
};
