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
    /** Generations in which a machine took the writes of its guest at the primary. */
    const primaries = new Map<string, Set<Json>>();
    return {
      points: ({ vm, points }) => {
        for (const { id, generation } of points) {
          const writer = ground.cutOf(id) === undefined ? "replica" : "primary";
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
        const claimed = primaries.get(vm) ?? new Set();
        primaries.set(vm, claimed);
        if (host === "a") claimed.add(generation);
        else if (status["state"] === "FailedOver" && claimed.has(generation)) {
          ground.violate("I24", `${vm}: both servers write in generation ${generation}`);
        }
      },
    };
  },
};
