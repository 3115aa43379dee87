/**
 * I9: A machine has no recovery point before its first cut, and the first one is whole.
 *
 * @module
 */

import { tellMismatch } from "./mismatch.ts";
import type { Invariant } from "./fact.ts";

/** I9. */
export const INITIAL_COPY: Invariant = {
  id: "I9",
  about: "A machine has no recovery point before its first cut, and the first one is whole",
  begin: (ground) => {
    const cut = new Set<string>();
    const first = new Map<string, string>();
    return {
      destroyed: () => first.clear(),
      removed: ({ vm }) => void first.delete(vm),
      cut: ({ vm }) => void cut.add(vm),
      staged: ({ vm, point }) => {
        if (!first.has(vm)) first.set(vm, point);
      },
      points: ({ vm, points }) => {
        if (points.length === 0 || cut.has(vm)) return;
        ground.violate("I9", `${vm}: ${points.length} points are listed before any cut`);
      },
      image: ({ vm, point, why, judgement }) => {
        const [wrong] = judgement.mismatches;
        if (wrong === undefined || why !== "staged" || first.get(vm) !== point) return;
        ground.violate("I9", tellMismatch(vm, point, why, wrong));
      },
    };
  },
};
