/**
 * I4: All disks of a machine are cut at one instant.
 *
 * @module
 */

import { tellMismatch } from "./mismatch.ts";
import type { Invariant } from "./fact.ts";

/** I4. */
export const GROUP: Invariant = {
  id: "I4",
  about: "All disks of a machine are cut at one instant",
  begin: (ground) => ({
    image: ({ vm, point, why, image, judgement }) => {
      if (image.length < 2 || why === "failover" || why === "completed") return;
      const known = judgement.mismatches.filter(({ shown }) => shown !== undefined);
      const disks = new Set(known.map(({ disk }) => disk));
      const [first] = known;
      if (first === undefined || disks.size === image.length) return;
      const message = tellMismatch(vm, point, why, first);
      ground.violate("I4", `${message}, while other disks of the machine are right`);
    },
  }),
};
