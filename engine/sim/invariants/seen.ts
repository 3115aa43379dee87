/**
 * Images seen before, by point: a hash of each, and how many points were dropped since.
 *
 * @module
 */

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

function hashImage(image: readonly Uint8Array[]): number {
  let hash = 0x811c9dc5;
  for (const bytes of image) {
    const words = new Int32Array(bytes.slice().buffer, 0, bytes.length >>> 2);
    for (const word of words) {
      hash = Math.imul(hash ^ word, 0x01000193);
      hash = (hash << 13) | (hash >>> 19);
    }
  }
  return hash;
}
