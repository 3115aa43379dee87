/**
 * The sweep of applying points, with retention dropping some, and of going on after a cancelled failover.
 *
 * @module
 */

import { sweepPhase, tellWays } from "./life_sweep.ts";

tellWays();
sweepPhase("apply");
sweepPhase("resume");
