/**
 * The slow parts of the codec, done on whatever thread calls: shared by the pool and its workers.
 *
 * Rule: the results are the kernel's, but that large pieces are compressed by the runtime's own
 * Zstandard, which is 1.4 times as fast from 64 KiB on (below, the kernel is faster, and it is
 * always so in decompressing). Frames of both are read by both.
 *
 * @module
 */

import { constants, zstdCompressSync } from "node:zlib";
import type { Kernel } from "../core/ports/codec.ts";

/** Bytes from which on the runtime compresses faster than the kernel. */
const NATIVE_MIN = 65_536;
/** Bytes from which on level 2 of the runtime takes no longer than level 1, and saves 4 % more. */
const LEVEL_2_MIN = 524_288;

/** One piece of slow work, without its bytes. */
export type CodecWork =
  | { readonly kind: "compress"; readonly level: 1 | 3 }
  | { readonly kind: "decompress"; readonly length: number }
  | { readonly kind: "set-digest"; readonly at: number; readonly blockSize: number }
  | { readonly kind: "block-digests"; readonly blockSize: number };

/** Does `work` on `bytes`; the result is the caller's. `undefined` for a frame that is no good. */
export function doCodecWork(
  kernel: Kernel,
  work: CodecWork,
  bytes: Uint8Array,
): Uint8Array | undefined {
  switch (work.kind) {
    case "compress":
      return compress(kernel, bytes, work.level);
    case "decompress":
      return kernel.decompress(bytes, work.length);
    case "set-digest":
      return kernel.setDigest(work.at, bytes, work.blockSize);
    case "block-digests":
      return kernel.blockDigests(bytes, work.blockSize);
  }
}

function compress(kernel: Kernel, bytes: Uint8Array, level: 1 | 3): Uint8Array {
  if (bytes.length < NATIVE_MIN) return kernel.compress(bytes, level);
  const options = {
    // Into one chunk: the runtime ends what it made in several with an empty second frame.
    chunkSize: bytes.length + (bytes.length >> 8) + 1024,
    params: {
      [constants.ZSTD_c_compressionLevel]: Math.max(level, bytes.length < LEVEL_2_MIN ? 1 : 2),
    },
  };
  const { buffer, byteOffset, length } = zstdCompressSync(bytes, options);
  return new Uint8Array(buffer, byteOffset, length);
}
