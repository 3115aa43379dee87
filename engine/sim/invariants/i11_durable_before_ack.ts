/**
 * I11: What the primary was told is staged is there after any crash of the replica.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I11. */
export const DURABLE_BEFORE_ACK: Invariant = {
  id: "I11",
  about: "What the primary was told is staged is there after any crash of the replica",
  begin: (ground) => {
    // A point whose bytes rotted may go, but not without a word.
    const reported = new Set<string>();
    /** How often each machine had moved when its primary was told last: its replica is where that was. */
    const moves = new Map<string, number>();
    return {
      "told-staged": ({ vm }) => void moves.set(vm, ground.moves(vm)),
      engine: ({ sighting: { host, event } }) => {
        if (event.kind !== "failure" || host === ground.home(event.machine)) return;
        const { told } = ground.newest(event.machine);
        if (told !== undefined && event.failure.message.includes(told)) reported.add(told);
      },
      points: ({ vm, points, opened, completed, retention }) => {
        for (const { id, broken } of points) if (broken !== undefined) reported.add(id);
        // A start went on with a complete: what was told is in the point that goes on from there (I58).
        if (
          !opened || completed || ground.retired(vm) || (moves.get(vm) ?? 0) !== ground.moves(vm)
        ) return;
        const { told } = ground.newest(vm);
        if (told === undefined || reported.has(told)) return;
        // Where one point is kept nothing on the disks tells an older state what it missed; nor where that rotted.
        if (ground.restored && (retention === "newest" || ground.rotten)) return;
        if (points.some(({ id }) => id === told)) return;
        const cut = ground.cutOf(told) ?? 0;
        const newer = points.some(({ id }) => (ground.cutOf(id) ?? 0) > cut);
        if (newer) return;
        ground.violate("I11", `${vm}: point ${told} was acknowledged and is gone after a restart`);
      },
    };
  },
};
