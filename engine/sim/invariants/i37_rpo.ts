/**
 * I37: The reported RPO is the age of the first acknowledged write that is not in the newest staged point.
 *
 * A restarted server finds what is changed and not since when: until it has had a point of its own cutting staged, what
 * it found counts from its start, neither from earlier nor from later.
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
    /** World time of each cut. */
    const cuts = new Map<string, number>();
    /** Points that a handshake told of. */
    const adopted = new Set<string>();
    let last = "";
    /** The point to which a log said, and when, that its bits are relative. */
    const bases = new Map<string, { readonly at: number; readonly point: string }>();
    return {
      tracked: ({ vm, base }) => {
        if (base.kind === "point") bases.set(vm, { at: ground.now, point: base.point });
      },
      "told-staged": ({ point }) => {
        last = point;
      },
      engine: ({ sighting: { event } }) => {
        // Its bits may stay marked, and count with their age: what is reported is older than the truth, never younger.
        if (event.kind === "probe" && event.name === "primary/staged-adopted") adopted.add(last);
      },
      cut: ({ point }) => {
        cuts.set(point, ground.now);
      },
      status: ({ host, vm, status, started, opened }) => {
        if (host !== ground.home(vm) || ground.rotten) return;
        const rpo = status["rpoSeconds"];
        const history = ground.history(vm);
        const { told, staged } = ground.newest(vm);
        const based = bases.get(vm);
        if (rpo === null && based?.at === ground.now && status["state"] === "Replicating") {
          ground.violate("I37", `${vm}: no RPO is reported, and its log names ${based.point}`);
        }
        if (typeof rpo !== "number" || history === undefined) return;
        // Behind a failover that was reversed, points of the side that lost hold nothing of what its guest does.
        const cutOf = (point = "") =>
          ground.madeOf(point)?.history === history ? ground.cutOf(point) : undefined;
        const truth = cutOf(staged);
        const belief = cutOf(told);
        if (truth === undefined || belief === undefined) return;
        let least = age(ground.now, history.firstOutside(truth).surely);
        let most = age(ground.now, history.firstOutside(belief).maybe);
        if ((cuts.get(told ?? "") ?? 0) < started) {
          least = Math.min(least, ground.now - opened);
          most = Math.max(most, ground.now - started);
        }
        if (rpo < Math.ceil(least / SECOND) - TICK) {
          ground.violate("I37", `${vm}: RPO ${rpo} s is reported, it is at least ${least} µs`);
        }
        // A request whose answer was lost with its connection may have been done, and its guest will never know.
        const heard = history.underway === 0 && history.unheard <= belief;
        const sure = heard && !adopted.has(told ?? "");
        if (sure && rpo > Math.ceil(most / SECOND) + TICK) {
          ground.violate("I37", `${vm}: RPO ${rpo} s is reported, it is at most ${most} µs`);
        }
      },
    };
  },
};
