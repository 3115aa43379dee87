/**
 * "Did you mean": the known word nearest to what was typed.
 *
 * @module
 */

/** The one of `known` that is few typing errors away from `typed`; `undefined` when none is near. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  const within = Math.max(1, Math.floor(typed.length / 3));
  let best: string | undefined;
  let distance = within + 1;
  for (const word of known) {
    const other = typingErrors(typed, word);
    if (other < distance) [best, distance] = [word, other];
  }
  return best;
}

/** ` Did you mean "x"?`, or `otherwise` when nothing is near. */
export function suggestion(
  typed: string,
  known: readonly string[],
  otherwise: string,
): string {
  const near = nearest(typed, known);
  return near === undefined ? otherwise : `Did you mean "${near}"?`;
}

/** Letters to insert, remove, replace or swap with a neighbour to make `right` of `left`. */
function typingErrors(left: string, right: string): number {
  let before: number[] = [];
  let last: number[] = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let row = 1; row <= left.length; row++) {
    const next = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      const replaced = (last[column - 1] ?? 0) + (same ? 0 : 1);
      let least = Math.min(replaced, (last[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1);
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1];
      if (swapped) least = Math.min(least, (before[column - 2] ?? 0) + 1);
      next.push(least);
    }
    [before, last] = [last, next];
  }
  return last[right.length] ?? 0;
}
