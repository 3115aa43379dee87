/**
 * Phases of a test failover: made on the older point while replication goes on, written on, and deleted.
 *
 * @module
 */

import { MILLISECOND } from "../../../engine/core/base/units.ts";
import type { Phase, Stage } from "../course.ts";
import { cyclePhase, PROTECTION } from "./protection.ts";

/** Tests that the server at `b` has; `undefined` while it is down. */
function testsOf({ drill }: Stage): number | undefined {
  return drill.sites.b.current?.server.replica.tests().length;
}

/** A test is made; its guest writes and flushes. */
const TEST: Phase = {
  name: "test",
  run: (life) => ({
    begin: () => {
      if (testsOf(life) === 0) {
        life.drill.operator.act({ kind: "test", vm: 0, back: 1, writes: 3 });
      }
    },
    done: () => testsOf(life) === 1,
  }),
};

/** It is deleted, and nothing of it is left; what is left the invariants say (I32). */
const DELETE: Phase = {
  name: "test-delete",
  run: (life) => {
    const { simulated } = life.drill;
    return {
      // Behind the first writes of its guest.
      begin: () =>
        void simulated.schedule(100 * MILLISECOND, () => {
          life.drill.operator.act({ kind: "test-delete", vm: 0 });
        }),
      done: () => testsOf(life) === 0,
    };
  },
};

/** Tested, replicated meanwhile and afterwards. */
export const TESTED: readonly Phase[] = [
  ...PROTECTION,
  TEST,
  cyclePhase("beneath"),
  DELETE,
  cyclePhase("after"),
];
