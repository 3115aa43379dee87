/**
 * I45: A package that was changed on its way is refused, and a refused one changes nothing.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** Refusals of the package itself; a failure of storage, or a server that stops, may come in the middle. */
const REFUSED: ReadonlySet<string> = new Set([
  "damaged",
  "stale",
  "exists",
  "wrong-disk",
  "wrong-state",
  "not-found",
]);

/** I45. */
export const TAMPER: Invariant = {
  id: "I45",
  about: "A package that was changed on its way is refused, and a refused one changes nothing",
  begin: (ground) => ({
    imported: ({ vm, damaged, outcome, changed }) => {
      if (damaged && outcome === "") ground.violate("I45", `${vm}: a damaged package was imported`);
      if (changed && REFUSED.has(outcome)) {
        ground.violate("I45", `${vm}: a package refused as ${outcome} changed the replica`);
      }
    },
  }),
};
