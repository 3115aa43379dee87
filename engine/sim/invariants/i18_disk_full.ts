/**
 * I18: When logs or replica are full, guests go on writing.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I18. */
export const DISK_FULL: Invariant = {
  id: "I18",
  about: "When logs or replica are full, guests go on writing",
  begin: (ground) => ({
    reply: ({ reply, excused }) => {
      const { failure } = reply;
      if (excused || failure === undefined || !failure.startsWith("no-space")) return;
      ground.violate("I18", `${reply.vm}: a ${reply.action} failed for want of space: ${failure}`);
    },
  }),
};
