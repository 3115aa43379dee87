/**
 * A sealed delta with damage is taken for one that was never finished: it and its point go (R1).
 *
 * @module
 */

import type { Plant } from "./plant.ts";

/** A sealed delta with damage is taken for one that was never finished: it and its point go. */
export const SEALED_TAIL_CUT: Plant = {
  id: "sealed-tail-cut",
  rule: "R1",
  invariants: ["I11", "I5", "I41"],
  file: "engine/core/history/recovery.ts",
  before: `  yield* openStaged(files, state);
`,
  after: `  yield* openStaged(files, state);
  const { applied } = state;
  const sound = ({ id }: PointRecord, at: number): boolean => {
    const delta = files.staged.get(id);
    return at < applied || (typeof delta === "object" && delta.damage === undefined);
  };
  state = { ...state, points: state.points.filter(sound) };
`,
};
