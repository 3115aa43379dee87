/**
 * The sweep of applying points, with retention dropping some, and of going on after a cancelled failover.
 *
 * @module
 */

import { sweepPhase, tellWays } from "./life_sweep.ts";
import { CANCELLED } from "./phases/failover.ts";

tellWays();
sweepPhase(CANCELLED, "apply");
sweepPhase(CANCELLED, "resume");
