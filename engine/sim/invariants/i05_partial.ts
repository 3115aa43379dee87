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
      staged: ({ vm, point }) => {
        const known = staged.get(vm) ?? new Set();
        staged.set(vm, known.add(point));
      },
      points: ({ vm, points, damaged }) => {
        for (const { id, broken } of points) {
          if (broken !== undefined && !damaged) {
            ground.violate(
              "I5",
              `${vm}: point ${id} is listed as broken (${broken}) and nothing was damaged`,
            );
          }
          if (ground.cutOf(id) === undefined && !ground.retired(vm) && !staged.get(vm)?.has(id)) {
            ground.violate("I5", `${vm}: point ${id} is listed and was never cut`);
          }
        }
      },
    };
  },
};
