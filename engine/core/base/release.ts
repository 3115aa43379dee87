/**
 * Giving large buffers back before the collector finds them.
 *
 * Rule: only who owns a buffer alone may release it, and nobody may touch it afterwards. A megabyte
 * that waits to be collected costs memory, and the next one is taken cold: page by page.
 *
 * @module
 */

import { KiB } from "./units.ts";

/** Smaller ones cost less than giving them back, and may share their memory with others. */
export const RELEASE_MIN = 64 * KiB;

/** Gives the memory under `bytes` back at once, all of its buffer. */
export function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= RELEASE_MIN) buffer.transfer(0);
}
