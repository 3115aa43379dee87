/**
 * I13: A torn tail is cut, never taken for damage: after any crash a server opens.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I13. */
export const LOG_RECOVERY: Invariant = {
  id: "I13",
  about: "A torn tail is cut, never taken for damage: after any crash a server opens",
  begin: (ground) => ({
    "not-opened": ({ host, code, message, damaged }) => {
      if (damaged) return;
      ground.violate("I13", `The server at ${host} does not open: ${code}: ${message}`);
    },
  }),
};
