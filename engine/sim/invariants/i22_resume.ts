/**
 * I22: A connection that breaks costs what was in flight: what the replica held durably of an open delta stays, and the
 * delta goes on behind it.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** What the replica held durably of the open delta when it was looked at last. */
interface Held {
  readonly id: string;
  readonly records: number;
}

/**
 * Verbs that have the delta begun anew, also where they fail in the end: those that change the set of disks that are
 * replicated, and the end of replication.
 */
const AFRESH = ["vm disk add", "vm disk remove", "vm disk exclude", "replication disable"];

/** I22. */
export const RESUME: Invariant = {
  id: "I22",
  about:
    "A connection that breaks costs what was in flight: what the replica held of an open delta stays, and it goes on behind it",
  // Long because: what is known of the open delta is forgotten in many cases, each with its reason.
  begin: (ground) => {
    const known = new Map<string, Held>();
    /** Machines whose channel ended since: the next record must go on where `known` ends. */
    const broken = new Set<string>();
    /** Machines whose open delta a resynchronization that was asked for drops. */
    const afresh = new Set<string>();
    const forget = (vm: string) => {
      known.delete(vm);
      broken.delete(vm);
    };
    const look = (vm: string) => {
      const held = ground.openDelta(vm);
      if (held !== undefined && held.records > 0) known.set(vm, held);
    };
    return {
      engine: ({ sighting: { host, event } }) => {
        if (!("machine" in event) || host !== ground.home(event.machine)) return;
        if (event.kind === "sent") {
          const before = known.get(event.machine);
          const now = ground.openDelta(event.machine);
          // A replica that is down holds what it holds, and nobody can look.
          if (now === undefined) return;
          if (before !== undefined && broken.delete(event.machine)) {
            const goesOn = (now.id === before.id && now.records >= before.records) ||
              (afresh.delete(event.machine) && now.id !== before.id);
            if (!goesOn && !ground.doubtful(ground.away(event.machine))) {
              ground.violate(
                "I22",
                `${event.machine}: behind a break the replica held ${before.records} records of delta ` +
                  `${before.id}; sending went on with ${now.records} of ${now.id}`,
              );
            }
          }
          look(event.machine);
        } else if (event.kind === "failure") {
          // A delta that this process has sent nothing of is none of its.
          if (!known.has(event.machine)) return;
          look(event.machine);
          broken.add(event.machine);
        } else if (event.kind === "state") {
          forget(event.machine);
          // Who asks for a comparison of everything amid a cycle has its delta begun anew, once.
          if (event.from === "Replicating" && event.to === "Resynchronizing") {
            afresh.add(event.machine);
          }
        }
      },
      staged: ({ vm }) => forget(vm),
      removed: ({ vm }) => forget(vm),
      verb: ({ host, vm, verb }) => {
        if (host === ground.home(vm) && AFRESH.includes(verb)) forget(vm);
      },
      // A restart of the primary gives its view up, and the delta with it (C3).
      died: ({ host }) => {
        for (const vm of [...known.keys()]) if (ground.home(vm) === host) forget(vm);
      },
      destroyed: () => {
        known.clear();
        broken.clear();
      },
    };
  },
};
