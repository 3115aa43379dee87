/**
 * The `Kernel` contract on one WebAssembly instance.
 *
 * Rule: memory is bounded. Hashes and scans of more than a piece go through it piece by piece;
 * only compression and decompression need all their bytes at once, 16 MiB at most. Boxes are sealed and
 * opened by JavaScript beside the instance (`box.ts`). A call either returns its result or throws `RangeError` for an argument the contract forbids, before anything
 * is touched. It does not know files, networks or what the bytes mean.
 *
 * @module
 */

import { type Box, DIGEST_SIZE, type Hasher, type Kernel } from "../engine/core/ports/codec.ts";
import { openBox, sealBox } from "./box.ts";
import { forEachPiece, HasherSlots } from "./hasher.ts";
import { KernelMemory } from "./memory.ts";

/** The most content of one frame, in bytes; also bounds the memory of an instance. */
export const CONTENT_MAX = 16 * 1024 * 1024;

/** The largest block that the block-wise functions take, in bytes. */
export const BLOCK_MAX = 1024 * 1024;

/** Bytes that pass through the instance at a time: few enough for the second-level cache. */
const PIECE = 256 * 1024;

/** Bytes of an offset before a block in the set digest. */
const OFFSET_SIZE = 8;

/** Bytes of either buffer from the start: pairs of the largest block, a frame of 1 MiB. */
const BUFFER = 2 * BLOCK_MAX + 64 * 1024;

/** A `Kernel` with an instance and memory of its own. */
export class WasmKernel implements Kernel {
  readonly #memory = new KernelMemory(BUFFER);
  readonly #hashers = new HasherSlots(this.#memory, PIECE);

  checksum(bytes: Uint8Array): bigint {
    const { exports } = this.#memory;
    if (bytes.length <= BLOCK_MAX) {
      this.#memory.write(bytes);
      return BigInt.asUintN(64, exports.checksum(bytes.length));
    }
    exports.checksum_begin();
    forEachPiece(bytes, PIECE, (piece) => {
      this.#memory.write(piece);
      exports.checksum_update(piece.length);
    });
    return BigInt.asUintN(64, exports.checksum_end());
  }

  digest(bytes: Uint8Array): Uint8Array {
    if (bytes.length > BLOCK_MAX) {
      const hasher = this.#hashers.create();
      hasher.update(bytes);
      const digest = hasher.digest();
      hasher.free();
      return digest;
    }
    this.#memory.write(bytes);
    this.#memory.exports.digest(bytes.length);
    return this.#memory.read(DIGEST_SIZE);
  }

  hasher(): Hasher {
    return this.#hashers.create();
  }

  blockDigests(bytes: Uint8Array, blockSize: number): Uint8Array {
    const digests = new Uint8Array(blockCount(bytes.length, blockSize) * DIGEST_SIZE);
    forEachPiece(bytes, pieceOf(blockSize), (piece, at) => {
      this.#memory.write(piece);
      const { exports } = this.#memory;
      // The output holds the digests of a piece only if blocks are not tiny.
      this.#memory.reserveOutput((piece.length / blockSize) * DIGEST_SIZE);
      exports.block_digests(piece.length, blockSize);
      const done = (at / blockSize) * DIGEST_SIZE;
      this.#memory.readInto(digests, done, (piece.length / blockSize) * DIGEST_SIZE);
    });
    return digests;
  }

  setDigest(at: number, bytes: Uint8Array, blockSize: number): Uint8Array {
    blockCount(bytes.length, blockSize);
    if (!Number.isSafeInteger(at) || at < 0) throw new RangeError(`${at} is no byte offset`);
    const { exports } = this.#memory;
    exports.set_digest_begin();
    forEachPiece(bytes, pieceOf(blockSize), (piece, done) => {
      this.#memory.write(piece, OFFSET_SIZE);
      exports.set_digest_update(BigInt(at + done), piece.length, blockSize);
    });
    exports.set_digest_end();
    return this.#memory.read(DIGEST_SIZE);
  }

  isZero(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; at += PIECE) {
      // Data seldom begins with a zero: most blocks are told without copying them.
      if (bytes[at] !== 0) return false;
      const piece = bytes.subarray(at, at + PIECE);
      this.#memory.write(piece);
      if (this.#memory.exports.is_zero(piece.length) === 0) return false;
    }
    return true;
  }

  zeroBlocks(bytes: Uint8Array, blockSize: number): Uint8Array {
    const marks = new Uint8Array(blockCount(bytes.length, blockSize));
    forEachPiece(bytes, pieceOf(blockSize), (piece, at) => {
      // Most pieces of data hold no zero block, and a few of their bytes tell without a copy.
      if (!mayHoldZeroBlock(piece, blockSize)) return;
      this.#memory.write(piece);
      this.#memory.exports.zero_blocks(piece.length, blockSize);
      this.#memory.readInto(marks, at / blockSize, piece.length / blockSize);
    });
    return marks;
  }

  differingBlocks(left: Uint8Array, right: Uint8Array, blockSize: number): Uint8Array {
    if (left.length !== right.length) throw new RangeError("buffers of different lengths");
    const marks = new Uint8Array(blockCount(left.length, blockSize));
    forEachPiece(left, pieceOf(blockSize), (piece, at) => {
      this.#memory.write(piece);
      this.#memory.write(right.subarray(at, at + piece.length), piece.length);
      this.#memory.exports.differing_blocks(piece.length, blockSize);
      this.#memory.readInto(marks, at / blockSize, piece.length / blockSize);
    });
    return marks;
  }

  compress(bytes: Uint8Array, level: 1 | 3): Uint8Array {
    if (bytes.length > CONTENT_MAX) throw new RangeError("more than 16 MiB in one frame");
    if (level !== 1 && level !== 3) throw new RangeError(`level ${level} is neither 1 nor 3`);
    const { exports } = this.#memory;
    this.#memory.reserveInput(bytes.length);
    this.#memory.reserveOutput(exports.compress_bound(bytes.length));
    this.#memory.write(bytes);
    const length = exports.compress(bytes.length, level);
    if (length < 0) throw new RangeError("a frame did not fit the bound of its content");
    return this.#memory.read(length);
  }

  decompress(frame: Uint8Array, length: number): Uint8Array | undefined {
    if (!Number.isInteger(length) || length < 0 || length > CONTENT_MAX) return undefined;
    const { exports } = this.#memory;
    // A frame that is longer than any encoder makes it is hostile.
    if (frame.length > exports.compress_bound(CONTENT_MAX)) return undefined;
    this.#memory.reserveInput(frame.length);
    this.#memory.reserveOutput(length);
    this.#memory.write(frame);
    if (exports.decompress(frame.length, length) === 0) return undefined;
    return this.#memory.read(length);
  }

  seal(box: Box, content: Uint8Array): Uint8Array {
    return sealBox(box, content);
  }

  open(box: Box, sealed: Uint8Array): Uint8Array | undefined {
    return openBox(box, sealed);
  }
}

/** The number of blocks of `blockSize` in `length` bytes, which must be whole. */
function blockCount(length: number, blockSize: number): number {
  if (!Number.isInteger(blockSize) || blockSize < 1 || blockSize > BLOCK_MAX) {
    throw new RangeError(`${blockSize} is no block size from 1 to ${BLOCK_MAX}`);
  }
  const count = length / blockSize;
  if (!Number.isInteger(count)) {
    throw new RangeError(`${length} bytes are no whole number of blocks of ${blockSize}`);
  }
  return count;
}

/** False when every block of `piece` shows a byte that is not zero at one of a few places. */
function mayHoldZeroBlock(piece: Uint8Array, blockSize: number): boolean {
  const half = blockSize >> 1;
  for (let at = 0; at < piece.length; at += blockSize) {
    const seen = piece[at]! | piece[at + (half >> 1)]! | piece[at + half]! |
      piece[at + blockSize - 1]!;
    if (seen === 0) return true;
  }
  return false;
}

/** The bytes of a piece of whole blocks. */
function pieceOf(blockSize: number): number {
  return Math.max(1, Math.floor(PIECE / blockSize)) * blockSize;
}
