/**
 * Compression, hashing, sealing, zero scan and block difference: the engine's hot paths, handed in.
 *
 * Rule: digests and checksums come from the same kernel in both worlds, so a trace is the same
 * everywhere; only `compress` and `decompress` may differ in speed, never in frame format
 * (Zstandard, RFC 8878), and `seal` and `open` only in speed. This file does not know WebAssembly.
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";

/** Bytes of one digest (BLAKE3-256). */
export const DIGEST_SIZE = 32;

/** Bytes of the key of a box. */
export const BOX_KEY_SIZE = 32;
/** Bytes of the nonce of a box. */
export const BOX_NONCE_SIZE = 24;
/** Bytes that a sealed content has more than the content: the tag at its end. */
export const BOX_TAG_SIZE = 16;

/**
 * Where XChaCha20-Poly1305 (RFC 8439 with HChaCha20's subkey) seals a content. Under one key no nonce may ever seal
 * two contents: whoever has both then has the difference of the contents, and can forge.
 */
export interface Box {
  /** 32 bytes, secret. */
  readonly key: Uint8Array;
  /** 24 bytes. */
  readonly nonce: Uint8Array;
  /** What is not in the box and must be the same when it is opened: "additional data". */
  readonly bound: Uint8Array;
}

/** A BLAKE3 computation over bytes that arrive in pieces. */
export interface Hasher {
  /** Takes in `bytes`; they may be reused by the caller at once. */
  update(bytes: Uint8Array): void;
  /** The digest of all bytes so far, 32 bytes owned by the caller; updating may go on. */
  digest(): Uint8Array;
  /** Gives the kernel's memory back; the hasher must not be used again. */
  free(): void;
}

/**
 * The synchronous part: pure functions of their arguments. Callers keep each call to about 1 MiB,
 * for they run on the calling thread.
 */
export interface Kernel {
  /** XXH3-64 of `bytes`: detects damage, proves no identity. */
  checksum(bytes: Uint8Array): bigint;
  /** BLAKE3-256 of `bytes`, 32 bytes owned by the caller. */
  digest(bytes: Uint8Array): Uint8Array;
  /** A BLAKE3 computation in pieces. */
  hasher(): Hasher;
  /** BLAKE3-256 of each block, 32 bytes apiece; `bytes` is a whole number of blocks. */
  blockDigests(bytes: Uint8Array, blockSize: number): Uint8Array;
  /**
   * The set digest of the blocks of `bytes`, which start at byte `at` of their disk: the sum, in
   * four wrapping little-endian 64-bit lanes, of BLAKE3-256(`at` of the block as u64 LE ‖ block)
   * over all blocks that are not zero. Order does not matter and blocks can be taken out again.
   */
  setDigest(at: number, bytes: Uint8Array, blockSize: number): Uint8Array;
  /** True when every byte is zero. */
  isZero(bytes: Uint8Array): boolean;
  /** One byte per block, 1 where the block is all zero. */
  zeroBlocks(bytes: Uint8Array, blockSize: number): Uint8Array;
  /** One byte per block, 1 where the blocks of `left` and `right`, of equal length, differ. */
  differingBlocks(left: Uint8Array, right: Uint8Array, blockSize: number): Uint8Array;
  /** `bytes` as one Zstandard frame that states its content size. `level` is 1 or 3. */
  compress(bytes: Uint8Array, level: 1 | 3): Uint8Array;
  /**
   * The content of one Zstandard frame, which must be exactly `length` bytes (at most 16 MiB).
   * Anything else, trailing bytes included, gives `undefined`: the frame is damaged or hostile.
   */
  decompress(frame: Uint8Array, length: number): Uint8Array | undefined;
  /** `content` sealed: as many bytes encrypted, and the tag of 16 bytes. */
  seal(box: Box, content: Uint8Array): Uint8Array;
  /** The content of `sealed`; `undefined` when it is anything but what `seal` made of it in that very box. */
  open(box: Box, sealed: Uint8Array): Uint8Array | undefined;
}

/** A payload as it came, and what it must hold. */
export interface Packed {
  /** One Zstandard frame, or the content itself. */
  readonly payload: Uint8Array;
  readonly compressed: boolean;
  /** Bytes of content. */
  readonly length: number;
  /** XXH3-64 of the content. */
  readonly checksum: bigint;
  /** Where its blocks lie, when their set digest is wanted too. */
  readonly blocks: { readonly at: number; readonly blockSize: number } | undefined;
}

/** What a payload held. */
export interface Unpacked {
  /** The payload itself where that is the content, else the caller's own. */
  readonly content: Uint8Array;
  /** The set digest, if it was wanted. */
  readonly setDigest: Uint8Array | undefined;
}

/** What the engine uses: the kernel, and its slow parts as tasks (E5). */
export interface Codec {
  /** The synchronous kernel, for short work. */
  readonly kernel: Kernel;
  /** `Kernel.compress` where it disturbs nobody. `bytes` must not change meanwhile. */
  compress(bytes: Uint8Array, level: 1 | 3): Task<Uint8Array>;
  /** `Kernel.decompress` where it disturbs nobody. */
  decompress(frame: Uint8Array, length: number): Task<Uint8Array | undefined>;
  /**
   * Decompresses, checks and digests in one go where it disturbs nobody: one visit to another thread
   * and not three. `undefined` when the payload is not what it must be. `payload` must not change
   * meanwhile.
   */
  unpack(packed: Packed): Task<Unpacked | undefined>;
  /** `Kernel.setDigest` where it disturbs nobody. */
  setDigest(at: number, bytes: Uint8Array, blockSize: number): Task<Uint8Array>;
  /** `Kernel.blockDigests` where it disturbs nobody. */
  blockDigests(bytes: Uint8Array, blockSize: number): Task<Uint8Array>;
  /** `Kernel.seal` where it disturbs nobody. `content` must not change meanwhile. */
  seal(box: Box, content: Uint8Array): Task<Uint8Array>;
  /** `Kernel.open` where it disturbs nobody. `sealed` must not change meanwhile. */
  open(box: Box, sealed: Uint8Array): Task<Uint8Array | undefined>;
}

/** `Codec.unpack` on this thread, by `kernel`; `decompress` may be another's. */
export function unpackHere(
  kernel: Kernel,
  { payload, compressed, length, checksum, blocks }: Packed,
  decompress: Kernel["decompress"] = (frame, size) => kernel.decompress(frame, size),
): Unpacked | undefined {
  const content = compressed ? decompress(payload, length) : payload;
  if (content === undefined || content.length !== length) return undefined;
  if (kernel.checksum(content) !== checksum) return undefined;
  const setDigest = blocks && kernel.setDigest(blocks.at, content, blocks.blockSize);
  return { content, setDigest };
}

/** Adds (`sign` 1) or takes away (`sign` -1) set digest `term` in `sum`, lane by lane. */
export function accumulateSetDigest(sum: Uint8Array, term: Uint8Array, sign: 1 | -1): void {
  const target = new DataView(sum.buffer, sum.byteOffset, DIGEST_SIZE);
  const source = new DataView(term.buffer, term.byteOffset, DIGEST_SIZE);
  for (let lane = 0; lane < DIGEST_SIZE; lane += 8) {
    const value = source.getBigUint64(lane, true);
    const total = target.getBigUint64(lane, true) + (sign === 1 ? value : -value);
    target.setBigUint64(lane, BigInt.asUintN(64, total), true);
  }
}
