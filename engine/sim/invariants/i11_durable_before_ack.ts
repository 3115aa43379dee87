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
    return {
      engine: ({ sighting: { host, event } }) => {
        const { told } = event.kind === "failure" ? ground.newest(event.machine) : {};
        if (host !== "b" || event.kind !== "failure" || told === undefined) return;
        if (event.failure.message.includes(told)) reported.add(told);
      },
      points: ({ vm, points, opened, retention }) => {
        for (const { id, broken } of points) if (broken !== undefined) reported.add(id);
        if (!opened || ground.retired(vm)) return;
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
