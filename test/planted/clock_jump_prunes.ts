/**
 * Points are dropped by their age on the wall clock (R7).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** Points are dropped by their age on the wall clock. */
export const CLOCK_JUMP_PRUNES: Plant = {
  id: "clock-jump-prunes",
  rule: "R7",
  invariants: ["I41", "I30"],
  file: "engine/core/history/retention.ts",
  before: `    if (kept.has(place) || files.held(id)) continue;`,
  after: `    const old = files.ports.clock.wall() - 24 * 3_600_000_000;
    const aged = (points[place] as PointRecord).cutAt < old;
    if ((kept.has(place) && !aged) || files.held(id)) continue;`,
};
