/**
 * I43: Of machines that share a link none waits with changes while the others go on without end.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** Cycles that a machine with changes may be passed by, each as long as its own. */
const CYCLES_MAX = 3;
/** Points of others on top: of cycles that were due at once when everything healed. */
const SLACK = 4;

/** I43. */
export const NO_STARVATION: Invariant = {
  id: "I43",
  about: "Of machines that share a link none waits with changes while the others go on without end",
  begin: (ground) => {
    /** Points of others staged since a machine with changes was last seen getting on. */
    const passed = new Map<string, number>();
    /** Whose newest attempt failed for a reason of its own: it waits for its next one, and not for others. */
    const failed = new Set<string>();
    const frequency = (vm: string) =>
      ground.world.machines.find(({ name }) => name === vm)?.frequency ?? 0;
    const allowed = (vm: string) => {
      const others = ground.world.machines.length - 1;
      return others * CYCLES_MAX * Math.ceil(frequency(vm) / Math.max(ground.fastest, 1)) + SLACK;
    };
    return {
      engine: ({ sighting: { host, event } }) => {
        if (!("machine" in event) || host !== ground.home(event.machine)) return;
        // Sent, or failed for a reason of its own: it had its turn.
        if (event.kind === "failure") failed.add(event.machine);
        else failed.delete(event.machine);
        if (event.kind === "sent" || event.kind === "failure" || event.kind === "state") {
          passed.set(event.machine, 0);
        } else if (event.kind === "staged") {
          for (const [vm, count] of passed) {
            if (vm !== event.machine) passed.set(vm, count + 1);
          }
          passed.set(event.machine, 0);
        }
      },
      status: ({ host, vm, status, quiet }) => {
        if (host !== ground.home(vm)) return;
        const { staged } = ground.newest(vm);
        const cut = staged === undefined ? undefined : ground.cutOf(staged);
        const waits = cut !== undefined &&
          ground.history(vm)?.firstOutside(cut).surely !== Infinity;
        const held = failed.has(vm) || status["state"] !== "Replicating";
        if (!quiet || !waits || held) return void passed.set(vm, 0);
        const count = passed.get(vm) ?? 0;
        if (count <= allowed(vm)) return;
        ground.violate("I43", `${vm}: ${count} points of others were staged while it waited`);
      },
    };
  },
};
