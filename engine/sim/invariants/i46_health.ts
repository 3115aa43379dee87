/**
 * I46: Normal health means no error unresolved, and an objective that is met means an RPO within it.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** How late health may be, µs. */
const DELAY = 1_000_000;

/** I46. */
export const HEALTH: Invariant = {
  id: "I46",
  about: "Normal health means no error unresolved, and an objective that is met an RPO within it",
  begin: (ground) => {
    /** Machines whose newest attempt to replicate failed, and why. */
    const failed = new Map<string, string>();
    const moves = new Map<string, number>();
    /** World time of each cut. */
    const cuts = new Map<string, number>();
    return {
      cut: ({ point }) => {
        cuts.set(point, ground.now);
      },
      engine: ({ sighting: { host, event } }) => {
        if (!("machine" in event) || host !== ground.home(event.machine)) return;
        if (event.kind === "failure") failed.set(event.machine, event.failure.code);
        else if (event.kind === "staged" || event.kind === "state") failed.delete(event.machine);
      },
      died: ({ host }) => {
        for (const vm of [...failed.keys()]) if (ground.home(vm) === host) failed.delete(vm);
      },
      status: ({ host, vm, status, started, opened }) => {
        if (host !== ground.home(vm)) return;
        // What the primary on the other side failed at was its own.
        if ((moves.get(vm) ?? 0) !== ground.moves(vm)) failed.delete(vm);
        moves.set(vm, ground.moves(vm));
        const normal = status["health"] === "Normal";
        if (normal && status["state"] !== "Replicating") {
          ground.violate("I46", `${vm}: health is Normal in state ${status["state"]}`);
        }
        const why = failed.get(vm);
        if (normal && why !== undefined) {
          ground.violate("I46", `${vm}: health is Normal and nothing was sent since: ${why}`);
        }
        if (status["objective"] !== "met") return;
        const { staged, told } = ground.newest(vm);
        const spec = ground.world.machines.find(({ name }) => name === vm);
        const cut = staged === undefined ? undefined : ground.cutOf(staged);
        const history = ground.history(vm);
        if (spec === undefined || history === undefined || cut === undefined) return;
        const since = history.firstOutside(cut).surely;
        let rpo = since === Infinity ? 0 : ground.now - since;
        // A restarted server counts from its own start what it found changed, until it has cut and sent it.
        const own = (cuts.get(told ?? "") ?? 0) >= started;
        if (!own) rpo = Math.min(rpo, ground.now - opened);
        if (rpo <= 2 * spec.frequency + DELAY) return;
        ground.violate("I46", `${vm}: the objective is said to be met and the RPO is ${rpo} µs`);
      },
    };
  },
};
