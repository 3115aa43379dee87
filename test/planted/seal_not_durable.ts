/**
 * A delta counts as sealed before its folder has the name durably (R1).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A delta counts as sealed before its folder has the name durably. */
export const SEAL_NOT_DURABLE: Plant = {
  id: "seal-not-durable",
  rule: "R1",
  invariants: ["I5", "I11", "I13"],
  file: "engine/core/history/open_delta.ts",
  before: `    yield* this.#folder.flush();
    return sealed;`,
  after: `    return sealed;`,
};
