/**
 * The sweep of resynchronization and verification: begun, paused, continued, cancelled, begun again, and proved.
 *
 * @module
 */

import { sweepPhase, tellWays } from "./life_sweep.ts";
import { HELD, PROVED, RESYNCHRONIZED } from "./phases/resync.ts";

/** Lives of these are long: what the gate has no time for `SWEEP_WHOLE=1` sweeps. */
const POINTS_MAX = 60;

tellWays();
sweepPhase(RESYNCHRONIZED, "resync", POINTS_MAX);
for (const word of ["start", "pause", "continue", "cancel", "again"]) {
  sweepPhase(HELD, `resync-${word}`, POINTS_MAX);
}
sweepPhase(PROVED, "verify", POINTS_MAX);
