/**
 * I32: A test failover outlives every crash, and nothing of it outlives its deletion.
 *
 * That its guest changes no point is I6's to say, and that it reads what it wrote I16's.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I32. */
export const TEST_INVISIBLE: Invariant = {
  id: "I32",
  about: "A test failover outlives every crash, and nothing of it outlives its deletion",
  begin: (ground) => ({
    "test-deleted": ({ name, residue }) => {
      if (residue.length === 0) return;
      ground.violate("I32", `"${name}" was deleted, and left ${residue.join(" and ")}`);
    },
    "test-lost": ({ name, why }) => {
      ground.violate("I32", `"${name}" is not what it was before a crash: ${why}`);
    },
  }),
};
