/**
 * The bytes of changes that may still be lost, one after the other in a few chunks: a buffer for each
 * change would cost more than the change. First in, first out, and chunks are used again.
 *
 * @module
 */

/** Bytes of the first chunk; small, for most worlds are. */
const CHUNK_BYTES = 2 * 1024;
/** Bytes of the largest one: between two flushes a busy disk needs no other. */
const CHUNK_BYTES_MAX = 2 * 1024 * 1024;

/** Copies of bytes, in the order in which they were kept. */
export class KeptBytes {
  #chunks: Uint8Array[] = [];
  #used = 0;
  #spare: Uint8Array | undefined;
  /** Where in its chunk the newest copy begins. */
  from = 0;

  /** Keeps a copy of `data`, and says in which chunk. */
  keep(data: Uint8Array): Uint8Array {
    let chunk = this.#chunks[this.#chunks.length - 1];
    if (chunk === undefined || this.#used + data.length > chunk.length) {
      chunk = this.#next(chunk?.length ?? 0, data.length);
      this.#chunks.push(chunk);
      this.#used = 0;
    }
    chunk.set(data, this.#used);
    this.from = this.#used;
    this.#used += data.length;
    return chunk;
  }

  #next(last: number, needed: number): Uint8Array {
    const length = Math.max(CHUNK_BYTES, Math.min(2 * last, CHUNK_BYTES_MAX), needed);
    const spare = this.#spare;
    if (spare === undefined || spare.length < length) return new Uint8Array(length);
    this.#spare = undefined;
    return spare;
  }

  /** Nobody needs what was kept before the first copy in `oldest`; without one, nothing at all. */
  forget(oldest: Uint8Array | undefined): void {
    const count = oldest === undefined ? this.#chunks.length - 1 : this.#chunks.indexOf(oldest);
    for (let at = 0; at < count; at++) this.#spare = this.#chunks[at];
    if (count > 0) this.#chunks = this.#chunks.slice(count);
    if (oldest === undefined) this.#used = 0;
  }
}
