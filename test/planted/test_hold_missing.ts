/**
 * A test failover does not hold its point: retention takes it while no view of it is open (R7, R8).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** The point of a test is not held. */
export const TEST_HOLD_MISSING: Plant = {
  id: "test-hold-missing",
  rule: "R8",
  invariants: ["I32"],
  file: "engine/core/failover/test_failover.ts",
  before: `    yield* store.hold(point.id, \`\${TEST_HOLD}\${number}\`);
`,
  after: `    yield* store.unhold(\`\${TEST_HOLD}\${number}\`);
`,
};
