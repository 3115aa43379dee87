/**
 * Extents as they travel and as they are staged: one record format for both.
 *
 * A record is a header of 24 bytes and a payload:
 *
 * | at | field    | type | meaning                                                    |
 * |----|----------|------|------------------------------------------------------------|
 * |  0 | disk     | u16  | index of the disk in its machine                           |
 * |  2 | kind     | u8   | 0 zero (no payload), 1 raw, 2 one Zstandard frame          |
 * |  3 | reserved | u8   | 0                                                          |
 * |  4 | length   | u32  | bytes of disk                                              |
 * |  8 | at       | u64  | first byte on the disk                                     |
 * | 16 | checksum | u64  | XXH3-64 of the uncompressed content; of nothing for zero   |
 *
 * Rule: decoding bounds everything by the engine's limits; whether an extent lies inside a machine's
 * disks and on its blocks is for whoever knows the machine.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { peerFailure } from "../base/failure.ts";
import { DISK_SIZE_MAX, DISKS_MAX, EXTENT_SIZE_MAX } from "../base/limits.ts";
import { inside } from "../block/extent.ts";
import type { Codec, Unpacked } from "../ports/codec.ts";
import type { Task } from "../runtime/task.ts";
import { type Malformed, malformed } from "./malformed.ts";

/** Bytes of a record's header. */
export const RECORD_HEADER_SIZE = 24;

/** How an extent's bytes are kept. */
export type ExtentKind = "zero" | "raw" | "zstd";

/** Kinds by their number, on the wire and on disk. */
export const EXTENT_KINDS: readonly ExtentKind[] = ["zero", "raw", "zstd"];

/** An extent on its way to a replica, or in a delta there. */
export interface StagedExtent {
  /** Index of the disk in its machine. */
  readonly disk: number;
  /** First byte on the disk. */
  readonly at: number;
  /** Bytes of disk, 1 to `EXTENT_SIZE_MAX`. */
  readonly length: number;
  readonly kind: ExtentKind;
  /** Nothing, the content, or one Zstandard frame of it that is shorter than the content. */
  readonly payload: Uint8Array;
  /** XXH3-64 of the uncompressed content; of nothing for `zero`. */
  readonly checksum: bigint;
}

/** The 24 bytes that precede the payload on the wire, in a delta, and in its chain digest. */
export function encodeRecordHeader(extent: StagedExtent): Uint8Array {
  return writeRecordHeader(new ByteWriter(RECORD_HEADER_SIZE), extent).bytes;
}

/** Writes a record's header at the writer's place. That the extent is sound is asserted. */
export function writeRecordHeader(writer: ByteWriter, extent: StagedExtent): ByteWriter {
  const problem = extentProblem(extent);
  assert(problem === undefined, `An extent we send is sound: ${problem ?? ""}`);
  return writer.u16(extent.disk).u8(EXTENT_KINDS.indexOf(extent.kind)).u8(0).u32(extent.length)
    .safe64(extent.at).u64(extent.checksum);
}

/** A whole record: header and payload, copied. */
export function encodeExtent(extent: StagedExtent): Uint8Array {
  const writer = new ByteWriter(RECORD_HEADER_SIZE + extent.payload.length);
  return writeRecordHeader(writer, extent).raw(extent.payload).bytes;
}

/** The extent of a record; its payload is a view into `record`. A failure `malformed` otherwise. */
export function decodeExtent(record: Uint8Array): StagedExtent | Malformed {
  const reader = new ByteReader(record);
  const disk = reader.u16();
  const kind = EXTENT_KINDS[reader.u8()];
  const reserved = reader.u8();
  const length = reader.u32();
  const at = reader.safe64();
  const checksum = reader.u64();
  if (!reader.ok) return unsound("is cut short or lies beyond any disk");
  if (kind === undefined || reserved !== 0) return unsound("is of an unknown kind");
  const extent = { disk, at, length, kind, payload: reader.bytes(reader.left), checksum };
  const problem = extentProblem(extent);
  return problem === undefined ? extent : unsound(problem);
}

/**
 * The bytes of an extent, checked; `undefined` for zeros. For `raw` they are the payload itself, not
 * a copy. With their set digest where it is wanted, which `blockSize` says, and the extent is of whole
 * blocks. Throws `damaged` (side peer) when the payload is not what its checksum says.
 */
export function* extentContent(
  codec: Codec,
  extent: StagedExtent,
  blockSize?: number,
): Task<Unpacked | undefined> {
  const { kind, at, length, payload, checksum } = extent;
  if (kind === "zero") return undefined;
  const whole = blockSize !== undefined && at % blockSize === 0 && length % blockSize === 0;
  const blocks = whole ? { at, blockSize } : undefined;
  const packed = { payload, compressed: kind === "zstd", length, checksum, blocks };
  const unpacked = yield* codec.unpack(packed);
  if (unpacked !== undefined) return unpacked;
  throw peerFailure(
    "damaged",
    `An extent of disk ${extent.disk} at ${extent.at} is not what its checksum says`,
    "Check the memory of both servers",
  );
}

function extentProblem(extent: StagedExtent): string | undefined {
  const { disk, at, length, kind, payload } = extent;
  if (disk >= DISKS_MAX) return `names disk ${disk} of at most ${DISKS_MAX}`;
  if (length === 0 || length > EXTENT_SIZE_MAX) return `is ${length} bytes long`;
  if (!inside(at, length, DISK_SIZE_MAX)) return "lies beyond any disk";
  if (kind === "zero" && payload.length !== 0) return "is zero and has bytes";
  if (kind === "raw" && payload.length !== length) return "has more or fewer bytes than it says";
  if (kind === "zstd" && (payload.length === 0 || payload.length >= length)) {
    return "is compressed to nothing or to more than itself";
  }
  return undefined;
}

function unsound(problem: string): Malformed {
  return malformed(`An extent ${problem}`);
}
