/**
 * The sweep of a test failover: a crash at every port call while it is made, stands, and is deleted.
 *
 * @module
 */

import { sweepPhase, tellWays } from "./life_sweep.ts";
import { TESTED } from "./phases/tests.ts";

tellWays();
sweepPhase(TESTED, "test");
sweepPhase(TESTED, "beneath");
sweepPhase(TESTED, "test-delete");
