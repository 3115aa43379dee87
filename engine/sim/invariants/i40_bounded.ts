/**
 * I40: A replication log never grows, and old contents stay within their bound.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I40. */
export const BOUNDED: Invariant = {
  id: "I40",
  about: "A replication log never grows, and old contents stay within their bound",
  begin: (ground) => {
    const sizes = new Map<string, number>();
    return {
      space: ({ name, bytes, bound }) => {
        if (bound !== undefined && bytes > bound) {
          ground.violate("I40", `${name} takes ${bytes} bytes of at most ${bound}`);
        }
        if (bound !== undefined) return;
        const known = sizes.get(name) ?? bytes;
        sizes.set(name, known);
        if (bytes > known) ground.violate("I40", `${name} grew from ${known} to ${bytes} bytes`);
      },
    };
  },
};
