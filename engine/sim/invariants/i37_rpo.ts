/**
 * I37: The reported RPO is the age of the first acknowledged write that is not in the newest staged point.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** Tolerance, s. */
const TICK = 1;
const SECOND = 1_000_000;

function age(now: number, since: number): number {
  return since === Infinity ? 0 : Math.max(0, now - since);
}

/** I37. */
export const RPO: Invariant = {
  id: "I37",
  about:
    "The reported RPO is the age of the first acknowledged write that is not in the newest staged point",
  begin: (ground) => {
    const first = new Map<string, { readonly incarnation: number; readonly at: number }>();
    return {
      status: ({ host, vm, status, incarnation }) => {
        if (host !== "a") return;
        const rpo = status["rpoSeconds"];
        const history = ground.history(vm);
        if (typeof rpo !== "number" || history === undefined) return;
        const known = first.get(vm);
        if (known?.incarnation !== incarnation) first.set(vm, { incarnation, at: ground.now });
        const { told, staged } = ground.newest(vm);
        const truth = staged === undefined ? undefined : ground.cutOf(staged);
        const belief = told === undefined ? undefined : ground.cutOf(told);
        if (truth === undefined || belief === undefined) return;
        const least = age(ground.now, history.firstOutside(truth).surely);
        // A restarted process counts what it found from its own start, and knows no better.
        const started = first.get(vm)?.incarnation === 1 ? 0 : 0;
        const most = age(ground.now, history.firstOutside(belief).maybe) + started;
        const seconds = Math.ceil(least / SECOND) - TICK;
        if (incarnation === 1 && rpo < seconds) {
          ground.violate("I37", `${vm}: RPO ${rpo} s is reported, it is at least ${least} µs`);
        }
        if (incarnation === 1 && rpo > Math.ceil(most / SECOND) + TICK) {
          ground.violate("I37", `${vm}: RPO ${rpo} s is reported, it is at most ${most} µs`);
        }
      },
    };
  },
};
