/**
 * The sweep of recoveries: a host crashes again while it starts after a crash.
 *
 * @module
 */

import { sweepRecovery } from "./life_sweep.ts";

sweepRecovery("initial", "a");
sweepRecovery("initial", "b");
sweepRecovery("cycle", "a");
sweepRecovery("apply", "b");
sweepRecovery("failover", "b");
sweepRecovery("writes", "b");
sweepRecovery("complete", "b");
