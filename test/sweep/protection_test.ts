/**
 * The sweep of protecting a machine: enabling, initial replication, a cycle.
 *
 * @module
 */

import { sweepPhase, tellWays } from "./life_sweep.ts";

tellWays();
sweepPhase("enabling");
sweepPhase("initial");
sweepPhase("cycle");
