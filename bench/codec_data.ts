/**
 * Blocks like those of real disks, made from a seed.
 *
 * Rule: the same seed gives the same bytes everywhere. It does not know what is measured.
 *
 * @module
 */

/** The kinds of content, by name. */
export const SHAPES = ["db", "text", "random", "zero"] as const;

/** A generator of 32-bit integers (xorshift). */
function numbers(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Words of 2 to 10 letters, the first the most frequent. */
function vocabulary(next: () => number): Uint8Array[] {
  return Array.from({ length: 4096 }, () => {
    const word = new Uint8Array(3 + (next() % 9));
    for (let at = 0; at < word.length - 1; at++) word[at] = 97 + (next() % 26);
    word[word.length - 1] = 32;
    return word;
  });
}

/** Words whose frequency falls with their rank, as in prose. */
function fillText(block: Uint8Array, next: () => number): void {
  const words = vocabulary(numbers(7));
  for (let at = 0; at < block.length;) {
    const rank = Math.floor(words.length ** ((next() >>> 8) / (1 << 24))) - 1;
    const word = words[rank]!.subarray(0, block.length - at);
    block.set(word, at);
    at += word.length;
  }
}

/** Rows of 256 bytes as a database stores them: numbers, padded text columns, 64 random bytes. */
function fillRows(block: Uint8Array, next: () => number): void {
  const words = vocabulary(numbers(7));
  const view = new DataView(block.buffer);
  for (let row = 0; row + 256 <= block.length; row += 256) {
    view.setUint32(row, 1_000_000 + (row >> 8));
    for (let at = row + 4; at < row + 32; at += 4) view.setUint32(at, next() % 1000);
    for (let column = row + 32; column < row + 192; column += 40) {
      block.fill(32, column, column + 40);
      let at = column;
      for (let count = 1 + (next() % 3); count > 0; count--) {
        const word = words[next() % 256]!;
        block.set(word, at);
        at += word.length;
      }
    }
    for (let at = row + 192; at < row + 256; at += 4) view.setUint32(at, next());
  }
}

/** A block of `size` bytes of content `shape`. */
export function makeBlock(shape: string, size: number, seed: number): Uint8Array {
  const block = new Uint8Array(size);
  const next = numbers(seed);
  if (shape === "text") fillText(block, next);
  else if (shape === "db") fillRows(block, next);
  else if (shape === "random") {
    const view = new DataView(block.buffer);
    for (let at = 0; at + 4 <= size; at += 4) view.setUint32(at, next());
  }
  return block;
}
