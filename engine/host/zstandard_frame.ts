/**
 * What the headers of a Zstandard frame say (RFC 8878, 3.1.1), without decompressing it.
 *
 * Rule: nothing is believed but lengths that add up; what the blocks hold is the decoder's business.
 *
 * @module
 */

/** The first bytes of a frame, which no skippable frame has. */
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** Bytes of the content size by the two bits that say so; 0 is 1 where the window is the content. */
const SIZE_BYTES = [0, 2, 4, 8];
const DICTIONARY_BYTES = [0, 1, 2, 4];
const BLOCK_HEADER = 3;
const BLOCK_RUN = 1;
const BLOCK_RESERVED = 3;

/** True when `bytes` are one frame that says that its content has `length` bytes, and nothing else. */
export function isSoleFrame(bytes: Uint8Array, length: number): boolean {
  if (bytes.length < 6 || MAGIC.some((byte, at) => bytes[at] !== byte)) return false;
  const descriptor = bytes[4] as number;
  const single = (descriptor & 0x20) !== 0;
  const sizeBytes = SIZE_BYTES[descriptor >> 6] || (single ? 1 : 0);
  const sizeAt = 5 + (single ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] as number);
  if (sizeBytes === 0 || statedSize(bytes, sizeAt, sizeBytes) !== length) return false;
  const end = afterBlocks(bytes, sizeAt + sizeBytes);
  return end !== undefined && end + ((descriptor & 4) !== 0 ? 4 : 0) === bytes.length;
}

function statedSize(bytes: Uint8Array, at: number, count: number): number {
  let size = count === 2 ? 256 : 0;
  for (let index = count - 1, unit = 256 ** index; index >= 0; index--, unit /= 256) {
    size += (bytes[at + index] ?? NaN) * unit;
  }
  return size;
}

/** Where the blocks that begin at `at` end; `undefined` when they do not within `bytes`. */
function afterBlocks(bytes: Uint8Array, at: number): number | undefined {
  for (let start = at;;) {
    if (start + BLOCK_HEADER > bytes.length) return undefined;
    const header = (bytes[start] as number) | ((bytes[start + 1] as number) << 8) |
      ((bytes[start + 2] as number) << 16);
    const kind = (header >> 1) & 3;
    if (kind === BLOCK_RESERVED) return undefined;
    start += BLOCK_HEADER + (kind === BLOCK_RUN ? 1 : header >> 3);
    if ((header & 1) !== 0) return start <= bytes.length ? start : undefined;
  }
}
