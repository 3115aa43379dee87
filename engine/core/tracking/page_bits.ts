/**
 * The two bits of every block as a page must say them: delta ∪ current (T2).
 *
 * @module
 */

import type { BlockSet } from "./block_set.ts";
import type { PageBits } from "./hrl_page.ts";

/** The sets whose union is written; they may be replaced between two calls. */
export interface BitSource {
  /** Blocks changed from the base to the last cut. */
  delta(): BlockSet;
  /** Blocks changed since. */
  current(): BlockSet;
}

/** Bits of the union of both sets, newer knowledge winning, as in `BlockSet.absorb`. */
export function unionBits(source: BitSource): PageBits {
  return { first: (word) => firstBits(source, word), second: (word) => secondBits(source, word) };
}

function suspectedBits(delta: BlockSet, current: BlockSet, word: number): number {
  const older = delta.suspected.word(word);
  const newer = current.suspected.word(word);
  if ((older | newer) === 0) return 0;
  return (older & ~(current.all.word(word) & ~newer)) | (newer & ~(delta.all.word(word) & ~older));
}

function firstBits(source: BitSource, word: number): number {
  const delta = source.delta();
  const current = source.current();
  const all = delta.all.word(word) | current.all.word(word);
  return all === 0 ? 0 : (all & ~suspectedBits(delta, current, word)) >>> 0;
}

function secondBits(source: BitSource, word: number): number {
  const delta = source.delta();
  const current = source.current();
  const zero = (delta.zero.word(word) & ~current.all.word(word)) | current.zero.word(word);
  return (zero | suspectedBits(delta, current, word)) >>> 0;
}
