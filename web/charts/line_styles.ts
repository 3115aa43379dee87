/**
 * How lines are told apart: by their colours and, for those who see none, by their dashes.
 *
 * @module
 */

/** Colours that there are, as the style sheet counts them. */
export const LINE_COLOURS = 4;
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3]] as const;
/** Dashes of a line across, for what is asked for. */
export const LIMIT_DASH = [4, 4] as const;

/** The style of the line with this number: none of sixteen is like another. */
export function lineStyle(
  index: number,
): { readonly colour: number; readonly dash: readonly number[] } {
  const round = Math.floor(index / LINE_COLOURS);
  return { colour: index % LINE_COLOURS, dash: DASHES[(index + round) % DASHES.length]! };
}
