/**
 * I24: All points of one generation come from one writer, and behind a failover no two servers claim the same one.
 *
 * @module
 */

import type { Json } from "../../core/base/json.ts";
import type { Invariant } from "./fact.ts";

/** I24. */
export const SINGLE_WRITER: Invariant = {
  id: "I24",
  about:
    "All points of one generation come from one writer, and behind a failover no two servers claim the same one",
  begin: (ground) => {
    const writers = new Map<string, string>();
    /** Where each point was cut. */
    const cutters = new Map<string, string>();
    /** By generation in which a machine took the writes of its guest as a primary: at which server. */
    const primaries = new Map<string, Map<Json, string>>();
    return {
      engine: ({ sighting: { host, event } }) => {
        if (event.kind === "cut") cutters.set(event.point, host);
      },
      points: ({ vm, points }) => {
        for (const { id, generation } of points) {
          const cut = ground.cutOf(id) !== undefined;
          // Of a point that no cut made nobody can tell which side made it, once both were replicas.
          if (!cut && ground.roaming(vm)) continue;
          // The end of a failover is a point that the replica's server made, which goes on in its generation when it is reversed.
          const writer = cut ? cutters.get(id) ?? "a" : ground.away(vm);
          const known = writers.get(generation) ?? writer;
          writers.set(generation, known);
          if (known === writer) continue;
          ground.violate(
            "I24",
            `${vm}: generation ${generation} has points of both sides, ${id} among them`,
          );
        }
      },
      status: ({ host, vm, status }) => {
        const generation = status["generation"] ?? null;
        if (generation === null) return;
        const claimed = primaries.get(vm) ?? new Map<Json, string>();
        primaries.set(vm, claimed);
        const primary = host === ground.home(vm);
        if (!primary && status["state"] !== "FailedOver") return;
        const other = claimed.get(generation) ?? host;
        if (other !== host) {
          ground.violate("I24", `${vm}: both servers write in generation ${generation}`);
        }
        if (primary) claimed.set(generation, host);
      },
    };
  },
};
