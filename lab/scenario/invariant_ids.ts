/**
 * The ids of the invariants that a scenario may expect to hold.
 *
 * Rule: it is a list of its own, so that a page can check a script without the checks themselves; a test holds it against theirs.
 *
 * @module
 */

/** From one to the next where none is between. */
const RUNS = [[1, 13], [15, 16], [18, 26], [30, 32], [36, 49], [53, 53], [55, 60]] as const;

/** All of them. */
export const INVARIANT_IDS: readonly string[] = RUNS.flatMap(([from, until]) =>
  Array.from({ length: until - from + 1 }, (_, index) => `I${from + index}`)
);

/** All of them in a few words. */
export const INVARIANT_IDS_TEXT = RUNS.map(([from, until]) =>
  from === until ? `I${from}` : `I${from}${until - from === 1 ? ", " : " to "}I${until}`
).join(", ");
