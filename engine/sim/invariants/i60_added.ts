/**
 * I60: A disk that was added is whole in a point that has it.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I60. */
export const ADDED: Invariant = {
  id: "I60",
  about: "A disk that was added to a machine is whole in every point that has it",
  begin: (ground) => ({
    added: ({ vm, point, disk, wrong }) => {
      if (wrong === undefined) return;
      ground.violate(
        "I60",
        `${vm}: sector ${wrong} of the added disk ${disk} is not what it held, in point ${point}`,
      );
    },
  }),
};
