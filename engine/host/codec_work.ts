/**
 * The slow parts of the codec, done on whatever thread calls: shared by the pool and its workers.
 *
 * Rule: the results are the kernel's, but that large pieces go through the runtime's own Zstandard,
 * which is 1.4 to 1.7 times as fast from 64 KiB on. Frames of both are read by both, and what is no
 * frame for the kernel is none for the runtime. What is sealed goes through the runtime's own cipher.
 *
 * @module
 */

import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import {
  type Box,
  type Kernel,
  type Packed,
  type Unpacked,
  unpackHere,
} from "../core/ports/codec.ts";
import { openByRuntime, sealByRuntime } from "./runtime_box.ts";
import { isSoleFrame } from "./zstandard_frame.ts";

/** Bytes from which on the runtime is faster than the kernel. */
const NATIVE_MIN = 65_536;
/**
 * How large pieces are compressed at level 1: a larger table than the level's own, which finds more,
 * and only longer matches, which are found sooner. Takes the time of level 1 and gives 2 % less.
 */
const LARGE = {
  [constants.ZSTD_c_windowLog]: 20,
  [constants.ZSTD_c_hashLog]: 15,
  [constants.ZSTD_c_minMatch]: 7,
};
/** Bytes from which on that pays. */
const LARGE_MIN = 524_288;

/** One piece of slow work with one result, without its bytes. */
export type CodecWork =
  | { readonly kind: "compress"; readonly level: 1 | 3 }
  | { readonly kind: "decompress"; readonly length: number }
  | { readonly kind: "set-digest"; readonly at: number; readonly blockSize: number }
  | { readonly kind: "block-digests"; readonly blockSize: number }
  | { readonly kind: "seal"; readonly box: Box }
  | { readonly kind: "open"; readonly box: Box };

/** Does `work` on `bytes`; the result is the caller's. `undefined` for a frame or a box that is no good. */
export function doCodecWork(
  kernel: Kernel,
  work: CodecWork,
  bytes: Uint8Array,
): Uint8Array | undefined {
  switch (work.kind) {
    case "compress":
      return compress(kernel, bytes, work.level);
    case "decompress":
      return decompress(kernel, bytes, work.length);
    case "set-digest":
      return kernel.setDigest(work.at, bytes, work.blockSize);
    case "block-digests":
      return kernel.blockDigests(bytes, work.blockSize);
    case "seal":
      return sealByRuntime(work.box, bytes);
    case "open":
      return openByRuntime(work.box, bytes);
  }
}

/** `Codec.unpack` on this thread. */
export function unpackByRuntime(kernel: Kernel, packed: Packed): Unpacked | undefined {
  return unpackHere(kernel, packed, (frame, length) => decompress(kernel, frame, length));
}

function compress(kernel: Kernel, bytes: Uint8Array, level: 1 | 3): Uint8Array {
  if (bytes.length < NATIVE_MIN) return kernel.compress(bytes, level);
  const options = {
    // Stated in the frame; and into one chunk, for the runtime ends several with an empty frame.
    pledgedSrcSize: bytes.length,
    chunkSize: bytes.length + (bytes.length >> 8) + 1024,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      ...(level === 1 && bytes.length >= LARGE_MIN ? LARGE : {}),
    },
  };
  return plain(zstdCompressSync(bytes, options));
}

function decompress(kernel: Kernel, frame: Uint8Array, length: number): Uint8Array | undefined {
  // The runtime would take several frames, and for one that states no size memory that it names.
  if (length < NATIVE_MIN || !isSoleFrame(frame, length)) return kernel.decompress(frame, length);
  try {
    // A byte more than the content, so that the runtime sees the end without another chunk.
    const options = { chunkSize: length + 1, maxOutputLength: length + 1 };
    const content = plain(zstdDecompressSync(frame, options));
    return content.length === length ? content : undefined;
  } catch {
    // Damaged: the sizes are right, the blocks are not.
    return undefined;
  }
}

/** The same bytes without the methods of a Node buffer. */
function plain({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}
