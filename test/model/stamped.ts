/**
 * Blocks that say by which write they were written, so that a torn or a foreign one is told at once.
 *
 * @module
 */

/** Bytes of a block: one sector. */
export const BLOCK = 512;
const WORDS = BLOCK / 4;
/** What a block reads as that no single write has made. */
const TORN = -1;

/** The contents of `count` blocks that one write leaves; 0 is zeros. */
export function contentOf(stamp: number, count: number): Uint8Array {
  const words = new Uint32Array(WORDS * count);
  for (const [at] of words.entries()) words[at] = stamp === 0 ? 0 : word(stamp, at % WORDS);
  return new Uint8Array(words.buffer);
}

/** The stamps in `bytes`, one for each block; -1 for a block that no write has left so. */
export function stampsOf(bytes: Uint8Array): number[] {
  const words = new Uint32Array(bytes.slice().buffer);
  const stamps: number[] = [];
  for (let first = 0; first < words.length; first += WORDS) {
    const block = words.subarray(first, first + WORDS);
    const stamp = block[0] as number;
    const whole = block.every((value, at) => value === (stamp === 0 ? 0 : word(stamp, at)));
    stamps.push(whole ? stamp : TORN);
  }
  return stamps;
}

function word(stamp: number, at: number): number {
  return (stamp ^ Math.imul(at, 0x9e3779b1)) >>> 0;
}
