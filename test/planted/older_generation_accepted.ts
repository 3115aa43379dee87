/**
 * Data of an unknown generation is accepted (L7).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** Data of an unknown generation is accepted. */
export const OLDER_GENERATION_ACCEPTED: Plant = {
  id: "older-generation-accepted",
  rule: "L7",
  invariants: ["I23"],
  file: "engine/core/replica/receiver.ts",
  before: `    if (!this.#accepts) throw this.#otherGeneration();
`,
  after: ``,
};
