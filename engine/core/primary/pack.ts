/**
 * Packing: from a run of blocks of a view to the records that travel.
 *
 * Blocks that turn out to hold only zeros travel as metadata (C6), the rest compressed where that makes
 * them shorter. Knows no delta and no connection.
 *
 * @module
 */

import type { Codec } from "../ports/codec.ts";
import type { Task } from "../runtime/task.ts";
import { emptyChain, payloadDigest } from "../wire/chain.ts";
import type { StagedExtent } from "../wire/extent.ts";

/** A record that is ready to travel, and the digest of its payload for the chain. */
export interface PackedRecord {
  readonly extent: StagedExtent;
  readonly digest: Uint8Array;
}

/** A run of bytes of one disk: `[from, to)`, relative to a buffer. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly zero: boolean;
}

/** What packing needs to know. */
export interface PackOptions {
  readonly codec: Codec;
  readonly blockSize: number;
  readonly compression: boolean;
  /** Whether the records belong to a delta, whose chain needs their digests; a seed has none. */
  readonly chained: boolean;
}

/** The records for `content`, which lies at `at` of `disk`. */
export function* packContent(
  options: PackOptions,
  disk: number,
  at: number,
  content: Uint8Array,
): Task<PackedRecord[]> {
  const { codec, blockSize } = options;
  const zeros = codec.kernel.zeroBlocks(content, blockSize);
  const records: PackedRecord[] = [];
  for (const piece of pieces(zeros, blockSize, content.length)) {
    const length = piece.to - piece.from;
    if (piece.zero) records.push(zeroRecord(codec, disk, at + piece.from, length));
    else {
      const bytes = content.subarray(piece.from, piece.to);
      records.push(yield* dataRecord(options, disk, at + piece.from, bytes));
    }
  }
  return records;
}

/** A record for a run of zeros. */
export function zeroRecord(codec: Codec, disk: number, at: number, length: number): PackedRecord {
  const payload = new Uint8Array(0);
  const checksum = codec.kernel.checksum(payload);
  return { extent: { disk, at, length, kind: "zero", payload, checksum }, digest: emptyChain() };
}

function* dataRecord(
  options: PackOptions,
  disk: number,
  at: number,
  bytes: Uint8Array,
): Task<PackedRecord> {
  const { codec, chained, compression } = options;
  const checksum = codec.kernel.checksum(bytes);
  const length = bytes.length;
  let extent: StagedExtent = { disk, at, length, kind: "raw", payload: bytes, checksum };
  if (compression) {
    const frame = yield* codec.compress(bytes, 1);
    // Less than a sixteenth saved is not worth the other side's time.
    if (frame.length < length - (length >>> 4)) {
      extent = { disk, at, length, kind: "zstd", payload: frame, checksum };
    }
  }
  return { extent, digest: chained ? yield* payloadDigest(codec, extent) : emptyChain() };
}

/** Runs of blocks of one kind. */
function* pieces(
  zeros: Uint8Array,
  blockSize: number,
  length: number,
): Generator<Piece, void, undefined> {
  let start = 0;
  for (let block = 1; block <= zeros.length; block++) {
    if (block < zeros.length && zeros[block] === zeros[start]) continue;
    const to = Math.min(block * blockSize, length);
    yield { from: start * blockSize, to, zero: zeros[start] === 1 };
    start = block;
  }
}
