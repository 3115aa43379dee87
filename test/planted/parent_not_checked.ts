/**
 * The replica takes a delta on any point for one on its newest (R2).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A delta on an older point is opened, and sealed, as if it went on from the newest one. */
export const PARENT_NOT_CHECKED: Plant = {
  id: "parent-not-checked",
  rule: "R2",
  invariants: ["I23", "I5"],
  file: "engine/core/history/replica_store.ts",
  before: `    const newest = this.newest;
    if (newest?.id === parent) return;
`,
  after: `    const newest = this.newest;
    if (newest !== undefined || parent !== undefined) return;
`,
  also: [{
    before: `    if (this.#files.state.points.at(-1)?.id !== parent) {
      throw localFailure(`,
    after: `    if (this.#files.state.points.at(-1) === undefined) {
      throw localFailure(`,
  }],
};
