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
    const before = new Map<string, number>();
    return {
      status: ({ host, vm, status, started }) => {
        for (const name of COUNTERS_CHECKED) {
          const value = status["state"] === "Disabled" ? undefined : status[name];
          if (typeof value !== "number") continue;
          // Where a machine comes back to, its relationship is another one.
          const key = `${host}/${vm}/${started}/${ground.moves(vm)}/${name}`;
          if (value < (before.get(key) ?? 0)) {
            ground.violate("I39", `${vm}: ${name} went from ${before.get(key)} to ${value}`);
          }
          before.set(key, value);
        }
      },
    };
  },
};
