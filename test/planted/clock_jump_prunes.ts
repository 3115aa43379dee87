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
  before: `  const end = Math.min(points.length - keep, applied - 1);`,
  after: `  const old = files.ports.clock.wall() - 24 * 3_600_000_000;
  const aged = points.filter(({ cutAt }) => cutAt < old).length;
  const end = Math.min(Math.max(points.length - keep, aged), applied - 1);`,
};
