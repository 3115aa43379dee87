/**
 * I21: The acknowledged cut never goes back.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I21. */
export const ACK_MONOTONIC: Invariant = {
  id: "I21",
  about: "The acknowledged cut never goes back",
  begin: (ground) => {
    const newest = new Map<string, number>();
    return {
      "told-staged": ({ vm, point }) => {
        const cut = ground.cutOf(point);
        const before = newest.get(vm) ?? 0;
        // A replica that rotted, or whose state was put back from before, tells honestly of an older one.
        if (ground.restored || ground.rotten) return;
        // The handshake tells it again to a primary whose log could not be written.
        if (cut === undefined || cut < before) {
          ground.violate(
            "I21",
            `${vm}: ${point}, cut at ${cut}, is acknowledged behind one of ${before}`,
          );
        } else newest.set(vm, cut);
      },
    };
  },
};
