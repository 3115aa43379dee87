/**
 * Each disk of a machine is cut at an instant of its own, and writes pass between (C1).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** Each disk of a machine is cut at an instant of its own. */
export const DISKS_CUT_APART: Plant = {
  id: "disks-cut-apart",
  rule: "C1",
  invariants: ["I4", "I1", "I2", "I3", "I8", "I9", "I12", "I30"],
  file: "engine/core/tracking/cut.ts",
  before: `    for (const disk of disks) disk.swap("frozen");`,
  after: `    for (const disk of disks) {
      disk.swap("frozen");
      for (const each of disks) each.gate.open();
      yield* clock.sleep(2000);
      for (const each of disks) each.gate.close();
      yield* drainAll(disks);
    }`,
};
