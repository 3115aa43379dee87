/**
 * I39: Counters never go back while a server runs and the relationship lasts, and nothing travels twice that was not sent twice.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

const COUNTERS_CHECKED = ["bytesSent", "wireBytes", "cycles", "missed", "viewsGivenUp"] as const;

/** I39. */
export const COUNTERS: Invariant = {
  id: "I39",
  about:
    "Counters never go back while a server runs and the relationship lasts, and nothing travels twice that was not sent twice",
  begin: (ground) => {
    /** By server and relationship, in the order of the names above. */
    const before = new Map<string, number[]>();
    return {
      status: ({ host, vm, status, started }) => {
        if (status["state"] === "Disabled") return;
        // Where a machine comes back to, its relationship is another one.
        const key = `${host}/${vm}/${started}/${ground.moves(vm)}`;
        const known = before.get(key) ?? COUNTERS_CHECKED.map(() => 0);
        before.set(key, known);
        for (let place = 0; place < COUNTERS_CHECKED.length; place++) {
          const name = COUNTERS_CHECKED[place] as typeof COUNTERS_CHECKED[number];
          const value = status[name];
          if (typeof value !== "number") continue;
          const last = known[place] ?? 0;
          if (value < last) {
            ground.violate("I39", `${vm}: ${name} went from ${last} to ${value}`);
          }
          known[place] = value;
        }
      },
    };
  },
};
