/**
 * The sweep of protecting a machine: enabling, initial replication, a cycle.
 *
 * @module
 */

import { sweepPhase, tellWays } from "./sweep.ts";

tellWays();
sweepPhase("enabling");
sweepPhase("initial");
sweepPhase("cycle");
