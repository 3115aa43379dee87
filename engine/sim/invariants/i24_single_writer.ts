/**
 * I24: All points of one generation come from one writer.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I24. */
export const SINGLE_WRITER: Invariant = {
  id: "I24",
  about: "All points of one generation come from one writer",
  begin: (ground) => {
    const writers = new Map<string, string>();
    return {
      points: ({ vm, points }) => {
        for (const { id, generation } of points) {
          const writer = ground.cutOf(id) === undefined ? "replica" : "primary";
          const known = writers.get(generation) ?? writer;
          writers.set(generation, known);
          if (known === writer) continue;
          ground.violate(
            "I24",
            `${vm}: generation ${generation} has points of both sides, ${id} among them`,
          );
        }
      },
    };
  },
};
