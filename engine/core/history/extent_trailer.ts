/**
 * The end of a finished file of extents, by which everything else in it is found.
 *
 * The trailer is the last 56 bytes:
 *
 * | at | field     | type | meaning                                                       |
 * |----|-----------|------|---------------------------------------------------------------|
 * |  0 | magic     | 8    | `WSTRAIL1`                                                    |
 * |  8 | bodyEnd   | u64  | where the body ends; pages, directory and metadata follow     |
 * | 16 | directory | u64  | where the directory's root begins; the metadata follows it     |
 * | 24 | pages     | u32  | pages of the index                                            |
 * | 28 | metadata  | u32  | bytes of metadata, canonical JSON; the trailer follows        |
 * | 32 | entries   | u64  | entries of the index                                          |
 * | 40 | content   | u64  | XXH3-64 of directory and metadata                             |
 * | 48 | checksum  | u64  | XXH3-64 of the 48 bytes before                                |
 *
 * Rule: what breaks a rule is told in words; errors of the device pass.
 *
 * @module
 */

import { ByteReader } from "../base/bytes.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { Kernel } from "../ports/codec.ts";
import type { File } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { METADATA_MAX } from "./bounds.ts";
import { DIRECTORY_LINE_SIZE, directoryLevels } from "./extent_directory.ts";

/** Bytes of the trailer. */
export const TRAILER_SIZE = 56;
/** The trailer's first bytes. */
export const TRAILER_MAGIC = encodeUtf8("WSTRAIL1");

/** What the trailer says. */
export interface Trailer {
  readonly bodyEnd: number;
  /** Where the root of the directory begins. */
  readonly directoryAt: number;
  /** Lines of each level of the directory, the root's last. */
  readonly levels: readonly number[];
  /** Bytes of metadata. */
  readonly metadata: number;
  /** Checksum of root and metadata. */
  readonly content: bigint;
}

/** Reads the trailer of `file`, or says what is wrong with it. */
export function* readTrailer(
  kernel: Kernel,
  file: File,
  pageEntries: number,
): Task<Trailer | string> {
  const end = file.size - TRAILER_SIZE;
  if (end < 0) return "is too short to be finished";
  const bytes = yield* file.read(end, TRAILER_SIZE);
  const reader = new ByteReader(bytes);
  const magic = reader.bytes(TRAILER_MAGIC.length);
  const bodyEnd = reader.safe64();
  const directoryAt = reader.safe64();
  const pages = reader.u32();
  const metadata = reader.u32();
  reader.safe64();
  const content = reader.u64();
  const checksum = reader.u64();
  if (!reader.ok || magic.some((byte, at) => byte !== TRAILER_MAGIC[at])) {
    return "has no end: it was cut short";
  }
  if (kernel.checksum(bytes.subarray(0, TRAILER_SIZE - 8)) !== checksum) {
    return "has an end that is not what its checksum says";
  }
  const levels = directoryLevels(pages, pageEntries);
  const sound = metadata <= METADATA_MAX && bodyEnd <= directoryAt &&
    directoryAt + rootSize(levels) + metadata === end;
  return sound
    ? { bodyEnd, directoryAt, levels, metadata, content }
    : "has an end that breaks its rules";
}

/** Bytes of the directory's root. */
export function rootSize(levels: readonly number[]): number {
  return (levels.at(-1) ?? 0) * DIRECTORY_LINE_SIZE;
}
