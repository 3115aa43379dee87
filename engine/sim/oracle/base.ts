/**
 * What disks held when a stretch of history began.
 *
 * Rule: a sector that a request of the history wrote is kept as that request's number, for a stamp says
 * what the sector holds: four bytes in place of 512. A day with a crash every few minutes would keep
 * hundreds of copies of every disk otherwise.
 *
 * @module
 */

import { same, WORDS, zeros } from "./stamp.ts";

/** Zeros. */
const ZEROS = -1;
/** Something that no request of the history wrote. */
const OTHER = -2;

/** Tells which request of the history a sector shows, as its number; `undefined` for none of them. */
export type Author = (
  disk: number,
  sector: number,
  words: Int32Array,
  at: number,
) => number | undefined;

/** Tells whether a sector holds what request number `request` of the history wrote to it. */
export type Shows = (request: number, sector: number, words: Int32Array, at: number) => boolean;

/** What one disk held. */
export interface DiskBase {
  /** By sector the number of the request that it showed, or one of those above. */
  readonly shown: Int32Array;
  /** By sector what it held, where no request says it. */
  readonly others: ReadonlyMap<number, Int32Array>;
}

/** Keeps what a disk holds; what is as it was in `before` is kept once. */
export function keepDisk(
  disk: number,
  words: Int32Array,
  author: Author,
  before: DiskBase | undefined,
): DiskBase {
  const sectors = words.length / WORDS;
  const shown = new Int32Array(sectors);
  const others = new Map<number, Int32Array>();
  for (let sector = 0; sector < sectors; sector++) {
    const at = sector * WORDS;
    const request = zeros(words, at) ? ZEROS : author(disk, sector, words, at) ?? OTHER;
    shown[sector] = request;
    if (request !== OTHER) continue;
    const known = before?.others.get(sector);
    const kept = known !== undefined && same(words, at, known, 0);
    others.set(sector, kept ? known : words.slice(at, at + WORDS));
  }
  return { shown, others };
}

/** True when the sector at word `at` of `words` is as the disk held it. */
export function heldThen(
  base: DiskBase,
  sector: number,
  words: Int32Array,
  at: number,
  shows: Shows,
): boolean {
  const shown = base.shown[sector] as number;
  if (shown === ZEROS) return zeros(words, at);
  if (shown !== OTHER) return shows(shown, sector, words, at);
  return same(words, at, base.others.get(sector) as Int32Array, 0);
}
