/**
 * A point is application-consistent whatever the thaw behind its cut says (C1).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The thaw's answer counts for nothing. */
export const APP_CONSISTENT_WITHOUT_THAW: Plant = {
  id: "app-consistent-without-thaw",
  rule: "C1",
  invariants: ["I10"],
  file: "engine/core/relationship/freeze.ts",
  before: `    if ((yield* book.thaw(machine)) === "held") return undefined;
`,
  after: `    yield* book.thaw(machine);
    if (machine !== "") return undefined;
`,
};
