/**
 * Weighs a stream of frames for a scale model: what frames of data hold counts whole, for it stands for much more; headers and
 * everything else is what it would be in the world that is meant, and next to nothing in the model.
 *
 * Rule: it knows the header of a frame (`core/wire/frame.ts`) and nothing of what frames mean. What is no frame any more, after
 * bytes were changed on their way out, counts as data.
 *
 * @module
 */

import { FRAME_HEADER_SIZE } from "../core/wire/frame.ts";

/** The type of frames that carry extents. */
const EXTENT = 2;

/** The frames of one direction of a connection, as they go by. */
export class DataScales {
  readonly #scale: number;
  readonly #header = new Uint8Array(FRAME_HEADER_SIZE);
  #filled = 0;
  #left = 0;
  #data = false;

  constructor(scale: number) {
    this.#scale = scale;
  }

  /** What the next bytes of the stream weigh, in bytes of data. */
  weigh(bytes: Uint8Array): number {
    let data = 0;
    let other = 0;
    for (let at = 0; at < bytes.length;) {
      if (this.#left === 0) {
        const part = bytes.subarray(at, at + FRAME_HEADER_SIZE - this.#filled);
        this.#header.set(part, this.#filled);
        this.#filled += part.length;
        other += part.length;
        at += part.length;
        if (this.#filled === FRAME_HEADER_SIZE) this.#begin();
        continue;
      }
      const length = Math.min(this.#left, bytes.length - at);
      if (this.#data) data += length;
      else other += length;
      this.#left -= length;
      at += length;
    }
    return data + other / this.#scale;
  }

  #begin(): void {
    this.#filled = 0;
    this.#data = this.#header[1] === EXTENT;
    this.#left = new DataView(this.#header.buffer).getUint32(4, true);
  }
}
