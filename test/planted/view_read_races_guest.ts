/**
 * The frozen view decides where to read a block before saves of it are kept out (C2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The frozen view decides where to read a block before saves of it are kept out. */
export const VIEW_READ_RACES_GUEST: Plant = {
  id: "view-read-races-guest",
  rule: "C2",
  invariants: ["I1", "I2", "I3", "I4", "I5", "I6", "I8"],
  file: "engine/core/tracking/delta_view.ts",
  before: `    const hold = yield* this.#lock.lock(start, end);
    try {
      this.#check();
      // While the range is held no save of it begins, and so no write of an unsaved block (C2).
      if (this.#unsaved.countIn(start, end) === end - start) {`,
  after: `    const unsaved = this.#unsaved.countIn(start, end) === end - start;
    const hold = yield* this.#lock.lock(start, end);
    try {
      this.#check();
      if (unsaved) {`,
};
