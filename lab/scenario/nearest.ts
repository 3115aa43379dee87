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
  const { start, family } = familyOf(word, words);
  // What all of them begin with tells them not apart, and makes none of them more alike.
  const differs = word.slice(start).toLowerCase();
  let nearest: string | undefined;
  // Of one or two letters every word of that length would be like every other.
  let least = differs.length < 3 ? 1 : Math.floor(differs.length / 3) + 2;
  for (const each of family) {
    if (each.length > LENGTH_MAX) continue;
    const other = each.slice(start).toLowerCase();
    const distance = distanceOf(differs, other);
    // A part of a longer word counts for it: `loss` for `link.loss`.
    const part = differs.length >= 3 && other.includes(differs);
    const counts = part ? Math.min(distance, 1) : distance;
    if (counts >= least) continue;
    least = counts;
    nearest = each;
  }
  return nearest;
}

/** The words that begin as `word` does, up to its last space or dot, and how long that is; all words where none does. */
function familyOf(
  word: string,
  words: readonly string[],
): { readonly start: number; readonly family: readonly string[] } {
  const start = Math.max(word.lastIndexOf(" "), word.lastIndexOf(".")) + 1;
  const begin = word.slice(0, start).toLowerCase();
  const family = start === 0 ? words : words.filter((each) => each.toLowerCase().startsWith(begin));
  return family.length === 0 ? { start: 0, family: words } : { start, family };
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
  const { family } = familyOf(word, words);
  if (family.length === 0 || family.length > 24) return "";
  return `; there are ${family.join(", ")}`;
}
