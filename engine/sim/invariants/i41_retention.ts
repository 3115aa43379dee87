/**
 * I41: A point is dropped only when as many newer ones are kept as was asked for, and the newest never.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** Points that may be on their way out. */
const SLACK = 3;

/** I41. */
export const RETENTION: Invariant = {
  id: "I41",
  about:
    "A point is dropped only when as many newer ones are kept as was asked for, and the newest never",
  begin: (ground) => {
    const staged = new Map<string, string[]>();
    let shed = false;
    return {
      staged: ({ vm, point }) => {
        const known = staged.get(vm) ?? [];
        staged.set(vm, known);
        known.push(point);
      },
      removed: ({ vm }) => {
        staged.delete(vm);
      },
      points: ({ vm, points, keep, damaged, held }) => {
        if (damaged) shed = true;
        if (ground.retired(vm)) return;
        const listed = new Set<string>(points.map(({ id }) => id));
        const kept = (staged.get(vm) ?? []).slice(-keep);
        for (const id of kept) {
          if (listed.has(id) || shed) continue;
          ground.violate("I41", `${vm}: point ${id} is gone and is one of the newest ${keep}`);
        }
        const applied = points.filter((point) => point.applied).length;
        const most = keep + held + SLACK;
        if (!shed && applied > most && points.length === applied) {
          ground.violate("I41", `${vm}: ${applied} points are listed, ${keep} were asked for`);
        }
      },
    };
  },
};
