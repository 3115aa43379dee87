/**
 * I5: What is listed is whole: no point that nobody cut, and none that a crash left unfinished.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I5. */
export const NO_PARTIAL_CYCLE: Invariant = {
  id: "I5",
  about: "What is listed is whole: no point that nobody cut, and none that a crash left unfinished",
  begin: (ground) => {
    const staged = new Map<string, Set<string>>();
    return {
      // Whoever ends a failover says so before it is listed.
      engine: ({ sighting: { event } }) => {
        if (event.kind !== "staged") return;
        const known = staged.get(event.machine) ?? new Set();
        staged.set(event.machine, known.add(event.point));
      },
      points: ({ vm, points, damaged }) => {
        for (const [place, { id, broken }] of points.entries()) {
          if (broken !== undefined && !damaged) {
            ground.violate(
              "I5",
              `${vm}: point ${id} is listed as broken (${broken}) and nothing was damaged`,
            );
          }
          // What a demoted primary alone had is the oldest point there, and no cut made it (L6).
          const tail = place === 0 && ground.roaming(vm);
          const made = ground.cutOf(id) !== undefined || staged.get(vm)?.has(id) === true;
          if (!made && !tail && !ground.retired(vm)) {
            ground.violate("I5", `${vm}: point ${id} is listed and was never cut`);
          }
        }
      },
    };
  },
};
