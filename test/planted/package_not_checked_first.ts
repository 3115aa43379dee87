/**
 * A package is written to the disks as it is read, and not checked as a whole before that (M25).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** What is found damaged half way has half changed the replica. */
export const PACKAGE_NOT_CHECKED_FIRST: Plant = {
  id: "package-not-checked-first",
  rule: "M25",
  invariants: ["I45"],
  file: "engine/core/replica/importing.ts",
  before: `    yield* reader.check(key, from, onRead);
`,
  after: ``,
};
