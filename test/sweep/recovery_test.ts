/**
 * The sweep of recoveries: a host crashes again while it starts after a crash.
 *
 * @module
 */

import { sweepRecovery } from "./life_sweep.ts";
import { CANCELLED, COMPLETED } from "./phases/failover.ts";
import { PROTECTION } from "./phases/protection.ts";

sweepRecovery(PROTECTION, "initial", "a");
sweepRecovery(PROTECTION, "initial", "b");
sweepRecovery(PROTECTION, "cycle", "a");
sweepRecovery(PROTECTION, "apply", "b");
sweepRecovery(CANCELLED, "failover", "b");
sweepRecovery(CANCELLED, "writes", "b");
sweepRecovery(COMPLETED, "complete", "b");
