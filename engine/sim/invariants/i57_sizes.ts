/**
 * I57: Every disk of a point has the size that it had at the cut.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I57. */
export const SIZES: Invariant = {
  id: "I57",
  about:
    "Every disk of a point has the size that it had at the cut, whatever it has grown to since",
  begin: (ground) => ({
    image: ({ vm, point, image, why, sizes }) => {
      if (sizes === undefined || why === "completed") return;
      for (const [disk, size] of sizes.entries()) {
        const found = image[disk]?.length ?? 0;
        if (found === size) continue;
        ground.violate(
          "I57",
          `${vm}: disk ${disk} of point ${point} has ${found} bytes (${why}); it had ${size} at the cut`,
        );
      }
    },
  }),
};
