/**
 * I40: A replication log grows with its disk alone, and old contents stay within their bound.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I40. */
export const BOUNDED: Invariant = {
  id: "I40",
  about: "A replication log grows with its disk alone, and old contents stay within their bound",
  begin: (ground) => {
    const sizes = new Map<string, number>();
    return {
      space: ({ name, bytes, bound, disk }) => {
        if (bound !== undefined && bytes > bound) {
          ground.violate("I40", `${name} takes ${bytes} bytes of at most ${bound}`);
        }
        if (bound !== undefined) return;
        // Of a disk that has grown it is another one.
        const key = `${name} for ${disk ?? 0}`;
        const known = sizes.get(key) ?? bytes;
        sizes.set(key, known);
        if (bytes > known) ground.violate("I40", `${name} grew from ${known} to ${bytes} bytes`);
      },
    };
  },
};
