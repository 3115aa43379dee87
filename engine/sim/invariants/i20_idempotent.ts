/**
 * I20: A point is staged once and applied once, however often its messages arrive.
 *
 * A replica that its administrator removed, or that burned, is none: a package may be imported into the next one again.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I20. */
export const IDEMPOTENT: Invariant = {
  id: "I20",
  about: "A point is staged once and applied once, however often its messages arrive",
  begin: (ground) => {
    /** By machine. */
    const seen = new Map<string, Set<string>>();
    /** How often each had moved: where it comes to, its replica is another one. */
    const moves = new Map<string, number>();
    return {
      removed: ({ vm }) => {
        seen.delete(vm);
      },
      destroyed: ({ host }) => {
        for (const vm of [...seen.keys()]) if (ground.away(vm) === host) seen.delete(vm);
      },
      engine: ({ sighting: { host, event } }) => {
        if (event.kind !== "staged" && event.kind !== "applied") return;
        if (host === ground.home(event.machine)) return;
        const moved = ground.moves(event.machine);
        if ((moves.get(event.machine) ?? 0) !== moved) seen.delete(event.machine);
        moves.set(event.machine, moved);
        const key = `${event.kind} ${event.point}`;
        // Where the newer of two states rotted the older one counts, and an apply is finished again.
        const again = event.kind === "applied" && ground.rotten;
        const known = seen.get(event.machine) ?? new Set<string>();
        seen.set(event.machine, known);
        if (known.has(key) && !again) {
          ground.violate("I20", `${event.machine}: ${key} a second time`);
        }
        known.add(key);
      },
    };
  },
};
