/**
 * The nearest of the words that are possible, for a word that is not.
 *
 * @module
 */

/** Words longer than this are not looked at. */
const LENGTH_MAX = 64;

/** The word that is most like `word`, if one is like it. */
export function nearestWord(word: string, words: readonly string[]): string | undefined {
  if (word.length > LENGTH_MAX) return undefined;
  let nearest: string | undefined;
  // Of one or two letters every word of that length would be like every other.
  let least = word.length < 3 ? 1 : Math.floor(word.length / 3) + 2;
  for (const each of words) {
    if (each.length > LENGTH_MAX) continue;
    const distance = distanceOf(word.toLowerCase(), each.toLowerCase());
    // A part of a longer word counts for it: `loss` for `link.loss`.
    const part = word.length >= 3 && each.toLowerCase().includes(word.toLowerCase());
    const counts = part ? Math.min(distance, 1) : distance;
    if (counts >= least) continue;
    least = counts;
    nearest = each;
  }
  return nearest;
}

/** Letters to change, add or take away. */
function distanceOf(one: string, other: string): number {
  let before = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row++) {
    const now = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      now.push(Math.min(
        (before[column] as number) + 1,
        (now[column - 1] as number) + 1,
        (before[column - 1] as number) + same,
      ));
    }
    before = now;
  }
  return before[other.length] as number;
}

/** ` (did you mean "x"?)`, or the words that there are, or nothing where those are too many. */
export function hint(word: string, words: readonly string[]): string {
  const nearest = nearestWord(word, words);
  if (nearest !== undefined) return `; did you mean "${nearest}"?`;
  if (words.length === 0 || words.length > 24) return "";
  return `; there are ${words.join(", ")}`;
}
