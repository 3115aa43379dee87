/**
 * The sweep of a failover: its start, guests that write on it, cancel and complete.
 *
 * @module
 */

import { sweepPhase, tellWays } from "./life_sweep.ts";
import { CANCELLED, COMPLETED } from "./phases/failover.ts";

tellWays();
sweepPhase(CANCELLED, "failover");
sweepPhase(CANCELLED, "writes");
sweepPhase(CANCELLED, "cancel");
sweepPhase(COMPLETED, "complete");
