/**
 * I12: Every block that differs from the base is marked, at any time and after any crash of the primary.
 *
 * @module
 */

import type { Invariant } from "./fact.ts";

/** I12. */
export const DIRTY_SUPERSET: Invariant = {
  id: "I12",
  about:
    "Every block that differs from the base is marked, at any time and after any crash of the primary",
  begin: (ground) => ({
    tracked: ({ vm, disk, base, issued, marked, blockSize, content, opened }) => {
      if (base.kind !== "point") return;
      const cut = ground.cutOf(base.point);
      const history = ground.history(vm);
      if (cut === undefined || history === undefined) return;
      const stale = issued.find((point) => (ground.cutOf(point) ?? Infinity) <= cut);
      if (stale !== undefined) {
        // The marks prove nothing about it, and a replica that stood there would be believed.
        ground.violate(
          "I12",
          `${vm}: ${stale} counts as issued since base ${base.point}, and is not`,
        );
      }
      for (let block = 0; block * blockSize < content.length; block++) {
        if (marked(block)) continue;
        const wrong = history.judgeRange(disk, block * blockSize, blockSize, content, cut);
        if (wrong === undefined) continue;
        const when = opened ? "after a restart" : "while running";
        ground.violate(
          "I12",
          `${vm}: block ${block} of disk ${disk} is not marked ${when} and differs from base ${base.point}: ` +
            `sector ${wrong.sector} holds ${wrong.found}; base: ${wrong.expected}`,
        );
        return;
      }
    },
  }),
};
