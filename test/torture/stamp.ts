/**
 * The contents of blocks under torture: each block of 4 KiB says which write it is of and where it
 * belongs, and carries a checksum over all of itself, so that a torn, misplaced or invented block is
 * seen without asking the engine anything.
 *
 * @module
 */

/** Bytes of a block. */
export const BLOCK = 4096;
/** What `readStamp` gives for a block that is neither zero nor a whole stamp of its place. */
export const GARBAGE = -1;
/** What `readStamp` gives for a block of zeros. */
export const ZERO = -2;

const MAGIC = 0x7e57ed01;
const WORDS = BLOCK / 4;
const HEAD = 4;

/** Fills `into`, one block, with the stamp of write `seq` for block number `block`. */
export function writeStamp(into: Uint8Array, seq: number, block: number): void {
  const words = new Uint32Array(into.buffer, into.byteOffset, WORDS);
  words[0] = MAGIC;
  words[1] = seq;
  words[2] = block;
  let state = (Math.imul(seq, 2_654_435_761) ^ Math.imul(block, 40_503)) >>> 0 || 1;
  let sum = checksumOfHead(seq, block);
  for (let at = HEAD; at < WORDS; at++) {
    // A third repeats, so that compression has something to do.
    if (at % 3 !== 0) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    words[at] = state;
    sum = (Math.imul(sum, 31) + state) | 0;
  }
  words[3] = sum;
}

function checksumOfHead(seq: number, block: number): number {
  return (Math.imul(seq, 31) + Math.imul(block, 7) + MAGIC) | 0;
}

/** The write whose whole stamp `bytes` is at `block`; `ZERO` for zeros and `GARBAGE` for all else. */
export function readStamp(bytes: Uint8Array, block: number): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, WORDS);
  const seq = words[1] ?? 0;
  if (words[0] === 0 && words.every((word) => word === 0)) return ZERO;
  if (words[0] !== MAGIC || words[2] !== block) return GARBAGE;
  let sum = checksumOfHead(seq, block);
  for (let at = HEAD; at < WORDS; at++) sum = (Math.imul(sum, 31) + (words[at] ?? 0)) | 0;
  return words[3] === sum >>> 0 ? seq : GARBAGE;
}
