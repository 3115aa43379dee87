/**
 * A frozen read does not exclude saves and writes (C2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A frozen read does not exclude saves and writes. */
export const VIEW_READ_RACES_GUEST: Plant = {
  id: "view-read-races-guest",
  rule: "C2",
  invariants: ["I2", "I4", "I3", "I8"],
  file: "engine/core/tracking/delta_view.ts",
  before: `    const hold = yield* this.#lock.lock(start, end);
    try {
      this.#check();
      // While`,
  after: `    const hold = yield* this.#lock.lock(0, 0);
    try {
      this.#check();
      // While`,
};
