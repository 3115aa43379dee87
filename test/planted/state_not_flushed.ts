/**
 * A point is acknowledged before the state that lists it is durable (R1).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A point is acknowledged before the state that lists it is durable. */
export const STATE_NOT_FLUSHED: Plant = {
  id: "state-not-flushed",
  rule: "R1",
  invariants: ["I11", "I5", "I13", "I41", "I1", "I2", "I3", "I4", "I6", "I7", "I8", "I9", "I30"],
  file: "engine/core/history/state_file.ts",
  before: `    yield* file.flush();
    this.#next = 1 - this.#next;`,
  after: `    this.#next = 1 - this.#next;`,
};
