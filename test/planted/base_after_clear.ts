/**
 * The bits are cleared before the base that they are relative to is recorded (T4).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The bits are cleared before the base that they are relative to is recorded. */
export const BASE_AFTER_CLEAR: Plant = {
  id: "base-after-clear",
  rule: "T4",
  invariants: ["I12"],
  file: "engine/core/tracking/tracked_disk.ts",
  before: `      yield* this.#journal.update({ base, issued, issuedLost: false });
      if (this.#view?.mode`,
  after: `      const early = this.#delta.all;
      this.#delta = new BlockSet(early.size);
      yield* this.#journal.storeCleared(early);
      yield* this.#journal.update({ base, issued, issuedLost: false });
      if (this.#view?.mode`,
};
