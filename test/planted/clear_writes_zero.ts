/**
 * Clearing a delta writes zero instead of what changed since (T2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** Clearing a delta writes zero instead of what changed since. */
export const CLEAR_WRITES_ZERO: Plant = {
  id: "clear-writes-zero",
  rule: "T2",
  invariants: ["I12"],
  file: "engine/core/tracking/journal.ts",
  before: `    if (!pages.empty) yield* this.#guarded(this.#writePages(pages, durable));`,
  after: `    const kept = this.#bits;
    this.#bits = { first: () => 0, second: () => 0 };
    try {
      if (!pages.empty) yield* this.#guarded(this.#writePages(pages, durable));
    } finally {
      this.#bits = kept;
    }`,
};
