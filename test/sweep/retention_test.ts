/**
 * The sweep of retention: a retention is chosen, points go, and undo files are merged (R7).
 *
 * @module
 */

import { sweepPhase } from "./life_sweep.ts";
import { MERGED } from "./phases/retention.ts";

sweepPhase(MERGED, "choose");
sweepPhase(MERGED, "merge");
