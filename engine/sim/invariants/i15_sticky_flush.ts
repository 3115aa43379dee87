/**
 * I15: After a failed flush no flush of that protected disk succeeds until it was opened again.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I15. */
export const STICKY_FLUSH: Invariant = {
  id: "I15",
  about: "After a failed flush no flush of that protected disk succeeds until it was opened again",
  begin: (ground) => {
    const failed = new Set<string>();
    return {
      reply: ({ reply, tracked }) => {
        if (!tracked || reply.action !== "flush") return;
        const key = `${reply.vm}/${reply.disk}/${reply.host}/${reply.incarnation}`;
        if (reply.failure !== undefined) failed.add(key);
        else if (failed.has(key)) {
          ground.violate(
            "I15",
            `${reply.vm}: a flush of disk ${reply.disk} succeeded behind a failed one`,
          );
        }
      },
    };
  },
};
