/**
 * A scenario may expect every invariant that is checked, and no other.
 *
 * @module
 */

import { deepEqual } from "node:assert/strict";
import { INVARIANTS } from "../../../../engine/sim/invariants/table.ts";
import { INVARIANT_IDS } from "../../../../lab/scenario/invariant_ids.ts";

Deno.test("the ids of the language are those of the table of invariants", () => {
  deepEqual([...INVARIANT_IDS].toSorted(), INVARIANTS.map(({ id }) => id).toSorted());
});
