/**
 * Images seen before, by point: a hash of each, and how many points were dropped since.
 *
 * @module
 */

import { wordsOf } from "../oracle/stamp.ts";

/** Remembers images. */
export class Seen {
  readonly #hashes = new Map<string, { readonly hash: number; readonly drops: number }>();
  #drops = 0;
  #before = 0;

  /** Whether `point` was seen with another image; what was seen first counts. */
  changed(point: string, image: readonly Uint8Array[]): boolean {
    const hash = hashImage(image);
    const known = this.#hashes.get(point);
    this.#before = known?.drops ?? this.#drops;
    if (known === undefined) this.#hashes.set(point, { hash, drops: this.#drops });
    return known !== undefined && known.hash !== hash;
  }

  /** Points dropped since `point`, which was asked about last, was seen first. */
  dropsSince(_point: string): number {
    return this.#drops - this.#before;
  }

  /** A point was dropped. */
  drop(): void {
    this.#drops++;
  }
}

/** Several invariants look at one image. */
const HASHES = new WeakMap<readonly Uint8Array[], number>();

function hashImage(image: readonly Uint8Array[]): number {
  const known = HASHES.get(image);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (const bytes of image) hash = Math.imul(hash ^ hashWords(wordsOf(bytes)), 0x01000193);
  HASHES.set(image, hash);
  return hash;
}

/** Two lanes, even words and odd ones: they do not wait for each other. */
function hashWords(words: Int32Array): number {
  let even = 0x811c9dc5;
  let odd = words.length;
  for (let at = 0; at < words.length; at += 2) {
    even = Math.imul(even ^ (words[at] as number), 0x01000193);
    even = (even << 13) | (even >>> 19);
    odd = Math.imul(odd ^ (words[at + 1] as number), 0x85ebca6b);
    odd = (odd << 15) | (odd >>> 17);
  }
  return even ^ Math.imul(odd, 5);
}
