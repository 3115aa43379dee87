/**
 * I44: Nothing of a primary that is not authorized changes a replica, and a replica lies where its entry says.
 *
 * A package on media is not its primary's doing: the replica's own administrator imports it, by hand.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I44. */
export const AUTHORIZATION: Invariant = {
  id: "I44",
  about:
    "Nothing of a primary that is not authorized changes a replica, and a replica lies where its entry says",
  begin: (ground) => {
    let allowed = true;
    /** What was there of each machine's open delta when its primary was shut out. */
    const deltas = new Map<string, { readonly id: string; readonly records: number }>();
    /** The newest cut of each machine, and those that were made for a package. */
    const cuts = new Map<string, string>();
    const exported = new Set<string>();
    const look = (vm: string) => ground.openDelta(vm) ?? { id: "", records: 0 };
    return {
      authorization: (fact) => {
        allowed = fact.allowed;
        deltas.clear();
      },
      // What a restart finds was received before: also what was not durable then, and counted nowhere.
      died: ({ host }) => {
        if (host === "b") deltas.clear();
      },
      engine: ({ sighting: { host, event } }) => {
        if (host === "a" && event.kind === "cut") cuts.set(event.machine, event.point);
        if (host === "a" && event.kind === "state" && event.to === "WaitingForInitialReplication") {
          exported.add(cuts.get(event.machine) ?? "");
        }
        if (host !== "b" || event.kind !== "staged" || allowed || exported.has(event.point)) return;
        // Whose primary has come to `b` is not let in there, but to the other side.
        if (ground.home(event.machine) === "b") return;
        // The end of a failover is a point that no cut made: nobody sent it.
        if (ground.cutOf(event.point) === undefined) return;
        ground.violate(
          "I44",
          `${event.machine}: ${event.point} was staged for who is not authorized`,
        );
      },
      status: ({ host, vm }) => {
        if (host !== "b" || allowed || ground.home(vm) === "b") return;
        const before = deltas.get(vm);
        const now = look(vm);
        deltas.set(vm, now);
        // One that rotted is shorter at the next start, and no primary's doing.
        const same = before?.id === now.id && before.records >= now.records;
        // A server that is down shows none.
        if (before === undefined || before.id === "" || same || now.records === 0) return;
        ground.violate(
          "I44",
          `${vm}: its open delta grew from ${before.id}/${before.records} to ` +
            `${now.id}/${now.records} unauthorized`,
        );
      },
      places: ({ vm, places, allowed: known }) => {
        // What a primary leaves of the replica that it was is its machine.
        if (ground.home(vm) === "b") return;
        const strange = places.find((place) => !known.includes(place));
        if (strange === undefined) return;
        ground.violate("I44", `${vm}: its replica lies in "${strange}", where no entry puts it`);
      },
    };
  },
};
