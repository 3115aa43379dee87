/**
 * I19: No fault of replication makes a guest request fail or wait.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** What a request may take on sound disks, µs: many flushes of the log may be before it. */
const PATIENCE = 10_000_000;

/** I19. */
export const GUEST_ISOLATION: Invariant = {
  id: "I19",
  about: "No fault of replication makes a guest request fail or wait",
  begin: (ground) => ({
    reply: ({ reply, excused }) => {
      if (excused) return;
      if (reply.failure !== undefined && !reply.failure.startsWith("no-space")) {
        ground.violate("I19", `${reply.vm}: a ${reply.action} failed: ${reply.failure}`);
      } else if (reply.took > PATIENCE) {
        ground.violate("I19", `${reply.vm}: a ${reply.action} took ${reply.took} µs`);
      }
    },
  }),
};
