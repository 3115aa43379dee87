/**
 * The sweep of a failover: its start, guests that write on it, cancel and complete.
 *
 * @module
 */

import { sweepPhase, tellWays } from "./life_sweep.ts";

tellWays();
sweepPhase("failover");
sweepPhase("writes");
sweepPhase("cancel");
sweepPhase("complete");
