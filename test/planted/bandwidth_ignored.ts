/**
 * The bandwidth limit limits nothing (E6).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The bandwidth limit limits nothing. */
export const BANDWIDTH_IGNORED: Plant = {
  id: "bandwidth-ignored",
  rule: "E6",
  invariants: ["I42"],
  file: "engine/core/wire/channel.ts",
  before: `      for (const throttle of this.#link.throttles) yield* throttle.take(cost);
`,
  after: ``,
};
