/**
 * A second copy of the primary writes in its generation (L1).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A second copy of the primary writes in its generation. */
export const SECOND_WRITER_ACCEPTED: Plant = {
  id: "second-writer-accepted",
  rule: "L1",
  invariants: ["I23"],
  file: "engine/core/replica/replica_machine.ts",
  before: `    return claim === "take-over" || mayWrite(this.#record.writer, writer);`,
  after: `    return claim === "take-over" || mayWrite(this.#record.writer, writer) || true;`,
};
