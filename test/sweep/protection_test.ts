/**
 * The sweep of protecting a machine: enabling, initial replication, a cycle.
 *
 * @module
 */

import { sweepPhase, tellWays } from "./life_sweep.ts";
import { PROTECTION } from "./phases/protection.ts";

tellWays();
sweepPhase(PROTECTION, "enabling");
sweepPhase(PROTECTION, "initial");
sweepPhase(PROTECTION, "cycle");
