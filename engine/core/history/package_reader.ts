/**
 * Reading a package from media (M25): all of it is checked before a byte of it is used, and again as it is used.
 *
 * Rule: a package is what its machine's primary said it is, by the digest of its manifest; manifest, index, parts and
 * records hang on that one digest. Whatever is missing, too much, cut short or changed is `damaged`, and says where.
 *
 * @module
 */

import { ByteReader } from "../base/bytes.ts";
import { type Failed, isFailed, requestFailure } from "../base/failure.ts";
import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import { toHex } from "../base/units.ts";
import { inside } from "../block/extent.ts";
import type { Codec } from "../ports/codec.ts";
import type { File, Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { chainDigest, emptyChain, payloadDigest } from "../wire/chain.ts";
import { decodeExtent, RECORD_HEADER_SIZE, type StagedExtent } from "../wire/extent.ts";
import {
  decodeIndexLine,
  decodeManifest,
  INCOMPLETE_NAME,
  INDEX_LINE_SIZE,
  INDEX_NAME,
  MANIFEST_NAME,
  manifestDigest,
  type PackageManifest,
  type PackagePart,
  PART_HEADER_SIZE,
  partHeader,
  partName,
} from "./package_format.ts";
import { readSmall } from "./package_writer.ts";

/** Bytes of a part that are read at once. */
const READ_SIZE = 4 * 1024 * 1024;

/** A package whose manifest was read. */
export class PackageReader {
  readonly manifest: PackageManifest;
  /** BLAKE3 of the manifest's file. */
  readonly digest: string;
  readonly #codec: Codec;
  readonly #folder: Folder;

  private constructor(codec: Codec, folder: Folder, manifest: PackageManifest, digest: string) {
    this.#codec = codec;
    this.#folder = folder;
    this.manifest = manifest;
    this.digest = digest;
  }

  /** Reads the manifest; `not-found` where there is no package, `damaged` where it makes no sense. */
  static *open(codec: Codec, folder: Folder): Task<PackageReader> {
    const bytes = yield* readSmall(folder, MANIFEST_NAME);
    if (bytes === undefined) throw yield* noPackage(folder);
    const manifest = decodeManifest(bytes);
    if (typeof manifest === "string") {
      throw damaged(folder, `${MANIFEST_NAME} ${manifest}`);
    }
    const digest = manifestDigest(codec.kernel, bytes);
    return new PackageReader(codec, folder, manifest, digest);
  }

  /** Reads everything once and checks it; nothing is used. `onRead` is told of bytes. */
  *check(onRead: (bytes: number) => void): Task<void> {
    yield* this.#checkNames();
    yield* this.records(function* () {}, onRead);
  }

  /** What does not belong is not looked into: a package is refused that has more than it says. */
  *#checkNames(): Task<void> {
    const known = new Set([MANIFEST_NAME, INDEX_NAME, INCOMPLETE_NAME]);
    const names = yield* this.#folder.list();
    const parts = names.filter((name) => !known.has(name) && name.endsWith(".part"));
    const { parts: wanted } = this.manifest;
    if (parts.length > wanted) {
      throw damaged(this.#folder, `has ${parts.length} parts, and ${wanted} belong to it`);
    }
  }

  /** Hands every record out in order, once its part's digest is known to hold up to there or not at all. */
  *records(
    take: (extent: StagedExtent) => Task<void>,
    onRead: (bytes: number) => void,
  ): Task<void> {
    const lines = yield* this.#lines();
    for (const [number, part] of lines.entries()) {
      yield* this.#part(number, part, take, onRead);
    }
  }

  *#lines(): Task<readonly PackagePart[]> {
    const { parts, index, bytes } = this.manifest;
    const { kernel } = this.#codec;
    const file = yield* this.#open(INDEX_NAME);
    const hasher = kernel.hasher();
    try {
      if (file.size !== parts * INDEX_LINE_SIZE) {
        throw damaged(this.#folder, `${INDEX_NAME} has ${file.size} bytes for ${parts} parts`);
      }
      const lines: PackagePart[] = [];
      let total = 0;
      for (let at = 0; at < file.size; at += READ_SIZE) {
        const piece = yield* file.read(at, Math.min(READ_SIZE, file.size - at));
        hasher.update(piece);
        for (let from = 0; from < piece.length; from += INDEX_LINE_SIZE) {
          const line = piece.subarray(from, from + INDEX_LINE_SIZE);
          const part = decodeIndexLine(kernel, lines.length, line);
          if (part === undefined) {
            throw damaged(this.#folder, `${INDEX_NAME} is wrong in line ${lines.length + 1}`);
          }
          total += part.bytes;
          lines.push(part);
        }
      }
      if (toHex(hasher.digest()) !== index || total !== bytes) {
        throw damaged(this.#folder, `${INDEX_NAME} is not the one of ${MANIFEST_NAME}`);
      }
      return lines;
    } finally {
      hasher.free();
      yield* file.close();
    }
  }

  *#open(name: string): Task<File> {
    try {
      return yield* this.#folder.open(name);
    } catch (error) {
      if (isFailed(error, "not-found")) throw damaged(this.#folder, `${name} is missing`);
      throw error;
    }
  }

  *#part(
    number: number,
    part: PackagePart,
    take: (extent: StagedExtent) => Task<void>,
    onRead: (bytes: number) => void,
  ): Task<void> {
    const { kernel } = this.#codec;
    const name = partName(number);
    const wrong = (what: string) => damaged(this.#folder, `${name} ${what}`);
    const file = yield* this.#open(name);
    try {
      if (file.size !== part.bytes) throw wrong(`has ${file.size} bytes, and ${part.bytes} belong`);
      const head = yield* file.read(0, PART_HEADER_SIZE);
      const expected = partHeader(kernel, this.manifest, number);
      if (head.some((byte, at) => byte !== expected[at])) throw wrong("is of another package");
      let chain = emptyChain();
      let at = PART_HEADER_SIZE;
      for (let record = 0; record < part.records; record++) {
        const extent = yield* this.#record(file, at, part.bytes);
        if (extent === undefined || !this.#fits(extent)) throw wrong(`is damaged at ${at}`);
        const digest = yield* payloadDigest(this.#codec, extent);
        chain = chainDigest(kernel, chain, extent, digest);
        at += 4 + RECORD_HEADER_SIZE + extent.payload.length;
        onRead(4 + RECORD_HEADER_SIZE + extent.payload.length);
        yield* take(extent);
      }
      if (at !== part.bytes || chain.some((byte, place) => byte !== part.digest[place])) {
        throw wrong("is not what was written");
      }
    } finally {
      yield* file.close();
    }
  }

  *#record(file: File, at: number, end: number): Task<StagedExtent | undefined> {
    if (at + 4 + RECORD_HEADER_SIZE > end) return undefined;
    const head = new ByteReader(yield* file.read(at, 4));
    const length = head.u32();
    const most = Math.min(EXTENT_SIZE_MAX, end - at - 4 - RECORD_HEADER_SIZE);
    if (!head.ok || length > most) return undefined;
    const record = yield* file.read(at + 4, RECORD_HEADER_SIZE + length);
    if (record.length !== RECORD_HEADER_SIZE + length) return undefined;
    const extent = decodeExtent(record);
    return "kind" in extent && "disk" in extent ? extent : undefined;
  }

  #fits({ disk, at, length }: StagedExtent): boolean {
    const { sizes, blockSize } = this.manifest;
    const aligned = at % blockSize === 0 && length % blockSize === 0;
    return aligned && inside(at, length, sizes[disk] ?? 0);
  }
}

function* noPackage(folder: Folder): Task<Failed> {
  const names = yield* folder.list();
  if (names.includes(INCOMPLETE_NAME)) {
    return requestFailure(
      "damaged",
      `The package in ${folder.path} is not complete: its export was cut short`,
      'Attach the medium to the primary again: the export goes on there, see "warmsite replication status"',
    );
  }
  return requestFailure(
    "not-found",
    `No package is in ${folder.path}`,
    `Name the folder that the export made, NAME_ID: it has a file "${MANIFEST_NAME}"`,
  );
}

function damaged(folder: Folder, what: string): Failed {
  return requestFailure(
    "damaged",
    `The package in ${folder.path} is damaged: ${what}`,
    "Nothing was changed here. Copy it again from the medium, or export again at the primary",
  );
}
