/**
 * One bitmap page of a `.hrl`: two bits for each of 1920 blocks, in one sector.
 *
 * | at  | bytes | field                                                                   |
 * |-----|-------|-------------------------------------------------------------------------|
 * | 0   | 8     | XXH3-64 of bytes 8 to 511                                               |
 * | 8   | 8     | sequence of the header that was durable when the page was written       |
 * | 16  | 4     | index of the page                                                       |
 * | 20  | 4     | zero                                                                    |
 * | 24  | 240   | first bit of each block, in words of 32                                 |
 * | 264 | 240   | second bit of each block                                                |
 *
 * The two bits of a block: 00 clean, 10 changed, 11 changed and reading as zeros, 01 suspected.
 *
 * @module
 */

import type { Kernel } from "../ports/codec.ts";
import type { BlockSet } from "./block_set.ts";
import { PAGE_BLOCKS, SECTOR_SIZE } from "./hrl_layout.ts";

const WORDS = PAGE_BLOCKS / 32;
const FIRST_AT = 24;
const SECOND_AT = FIRST_AT + 4 * WORDS;

/** Gives the two bits of each of the 32 blocks of a word. */
export interface PageBits {
  /** First bits of blocks `32 * word` on: changed, surely. */
  first(word: number): number;
  /** Second bits: zero where the first is set, suspected where it is not. */
  second(word: number): number;
}

/**
 * Writes page `index` into the sector `target`; `sequence` is that of the durable header.
 * Returns whether any bit is set.
 */
export function encodePage(
  kernel: Kernel,
  target: Uint8Array,
  index: number,
  sequence: number,
  bits: PageBits,
): boolean {
  const view = new DataView(target.buffer, target.byteOffset, SECTOR_SIZE);
  target.fill(0, 0, SECTOR_SIZE);
  view.setUint32(8, sequence % 0x100000000, true);
  view.setUint32(12, Math.floor(sequence / 0x100000000), true);
  view.setUint32(16, index, true);
  let any = 0;
  for (let word = 0; word < WORDS; word++) {
    const first = bits.first(index * WORDS + word);
    const second = bits.second(index * WORDS + word);
    any |= first | second;
    view.setUint32(FIRST_AT + 4 * word, first, true);
    view.setUint32(SECOND_AT + 4 * word, second, true);
  }
  view.setBigUint64(0, kernel.checksum(target.subarray(8, SECTOR_SIZE)), true);
  return any !== 0;
}

/** What reading a page found. */
export interface PageFound {
  /** The sequence in it; `undefined` when it is torn, damaged, or another page. */
  readonly sequence: number | undefined;
  /** Whether any bit is set. */
  readonly any: boolean;
}

/** Reads the sector `source` as page `index` and adds its blocks to `into`, if it is sound. */
export function decodePage(
  kernel: Kernel,
  source: Uint8Array,
  index: number,
  into: BlockSet,
): PageFound {
  const view = new DataView(source.buffer, source.byteOffset, SECTOR_SIZE);
  const sum = kernel.checksum(source.subarray(8, SECTOR_SIZE));
  const high = view.getUint32(12, true);
  if (
    view.getBigUint64(0, true) !== sum || view.getUint32(16, true) !== index || high >= 0x100000
  ) {
    return { sequence: undefined, any: true };
  }
  let any = 0;
  for (let word = 0; word < WORDS; word++) {
    const first = view.getUint32(FIRST_AT + 4 * word, true);
    const second = view.getUint32(SECOND_AT + 4 * word, true);
    if ((first | second) === 0) continue;
    any |= first | second;
    const at = index * WORDS + word;
    into.all.addWord(at, first | second);
    into.zero.addWord(at, first & second);
    into.suspected.addWord(at, second & ~first);
  }
  return { sequence: high * 0x100000000 + view.getUint32(8, true), any: any !== 0 };
}
