/**
 * An entry that is removed lets its primary go on with what it was sending (I44).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** An entry that is removed lets its primary go on with what it was sending. */
export const AUTHORIZATION_NOT_ASKED_AGAIN: Plant = {
  id: "authorization-not-asked-again",
  rule: "I44",
  invariants: ["I44"],
  file: "engine/core/server/server.ts",
  before: `    yield* this.replica.admitAgain();
`,
  after: ``,
};
