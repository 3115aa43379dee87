/**
 * What the demo's guest writes: blocks that say which write they are of and where they belong, every
 * byte of them, so that a block in the wrong place, of another write or torn is seen.
 *
 * @module
 */

import { KiB } from "../../core/base/units.ts";

/** Bytes of one block. */
export const STAMP_SIZE = 4 * KiB;
/** Bytes at its start that say whose it is. */
const HEAD_SIZE = 32;
const MAGIC = 0x5741524d;

/** Fills `into` with the content of `block` (an index on its disk) in write number `write`. */
export function stampBlock(into: Uint8Array, write: number, block: number): void {
  const view = new DataView(into.buffer, into.byteOffset, STAMP_SIZE);
  view.setUint32(0, MAGIC);
  view.setUint32(4, write);
  view.setUint32(8, block);
  view.setFloat64(16, write * 1e6 + block);
  const words = new Uint32Array(into.buffer, into.byteOffset + HEAD_SIZE, 1016);
  let state = (write * 2_654_435_761 ^ block * 40_503) >>> 0 || 1;
  // Half of it is noise and half repeats, as data of real machines does.
  for (let at = 0; at < words.length; at++) {
    if ((at & 1) === 0) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    words[at] = (at & 1) === 0 ? state : write;
  }
}

/** The number of the write whose block this claims to be; `undefined` for other content. */
export function stampedWrite(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_SIZE);
  return view.getUint32(0) === MAGIC ? view.getUint32(4) : undefined;
}

/** True when both hold the same bytes. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  const [one, other] = [wordsOf(left), wordsOf(right)];
  if (one === undefined || other === undefined) {
    return left.every((byte, at) => byte === right[at]);
  }
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/** Aligned bytes as words, which are compared eight times as fast. */
function wordsOf(bytes: Uint8Array): BigUint64Array | undefined {
  if (bytes.byteOffset % 8 !== 0 || bytes.length % 8 !== 0) return undefined;
  return new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
}
