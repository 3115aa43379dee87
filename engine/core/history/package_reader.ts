/**
 * Reading a package from media (M25): all of it is checked before a byte of it is used, and again as it is used.
 *
 * Rule: a package is what its machine's primary said it is, by the digest of its manifest; manifest, index, parts and
 * records hang on that one digest, and a record opens with the key of that package at its own place alone. Whatever
 * is missing, too much, cut short or changed is `damaged`, and says where.
 *
 * @module
 */

import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { type Failed, isFailed, requestFailure } from "../base/failure.ts";
import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import { toHex } from "../base/units.ts";
import { inside } from "../block/extent.ts";
import { BOX_TAG_SIZE, type Codec } from "../ports/codec.ts";
import type { File, Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
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
  recordBox,
  saltOf,
} from "./package_format.ts";
import { readSmall } from "./package_writer.ts";

/** Bytes of a part that are read at once. */
const READ_SIZE = 4 * 1024 * 1024;

/** Bytes of a sealed record without payload, and of one with the longest. */
const SEALED_MIN = RECORD_HEADER_SIZE + BOX_TAG_SIZE;
const SEALED_MAX = SEALED_MIN + EXTENT_SIZE_MAX;

/** How records are read. */
export interface Reading {
  /** The package's key. */
  readonly key: Uint8Array;
  /** The part to begin with. */
  readonly from: number;
  /** Given each record, in order. */
  readonly take: (extent: StagedExtent) => Task<void>;
  /** Told of the bytes of each record before it is given. */
  readonly onRead: (bytes: number) => void;
  /** Told, after its last record, how many parts were read from the first one on. */
  readonly onPart: (parts: number) => Task<void>;
}

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

  /**
   * Reads everything from part `from` on once and checks it; nothing is used. `onRead` is told of bytes. `key` is the
   * package's.
   */
  *check(key: Uint8Array, from: number, onRead: (bytes: number) => void): Task<void> {
    yield* this.#checkNames();
    yield* this.records({ key, from, take: function* () {}, onRead, onPart: function* () {} });
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

  /** Hands every record out in order, once it is known to be what was written at its place. */
  *records(reading: Reading): Task<void> {
    const lines = yield* this.#lines();
    for (const [number, part] of lines.entries()) {
      if (number < reading.from) continue;
      yield* this.#part(number, part, reading);
      yield* reading.onPart(number + 1);
    }
  }

  /** Bytes of the first `parts` parts. */
  *bytesOf(parts: number): Task<number> {
    const lines = yield* this.#lines();
    return lines.slice(0, parts).reduce((sum, { bytes }) => sum + bytes, 0);
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

  *#part(number: number, part: PackagePart, { key, take, onRead }: Reading): Task<void> {
    const { kernel } = this.#codec;
    const name = partName(number);
    const wrong = (what: string) => damaged(this.#folder, `${name} ${what}`);
    const file = yield* this.#open(name);
    const hasher = kernel.hasher();
    try {
      if (file.size !== part.bytes) throw wrong(`has ${file.size} bytes, and ${part.bytes} belong`);
      const header = yield* file.read(0, PART_HEADER_SIZE);
      const expected = partHeader(kernel, this.manifest, number, saltOf(header));
      if (header.some((byte, at) => byte !== expected[at])) throw wrong("is of another package");
      hasher.update(header);
      let at = PART_HEADER_SIZE;
      for (let record = 0; record < part.records; record++) {
        const sealed = yield* readSealed(file, at, part.bytes);
        if (sealed === undefined) throw wrong(`is damaged at ${at}`);
        const extent = yield* this.#unseal(key, header, record, sealed);
        if (extent === undefined) throw wrong(`is damaged at ${at}, or sealed with another key`);
        hasher.update(new ByteWriter(4).u32(sealed.length).bytes);
        hasher.update(sealed.subarray(sealed.length - BOX_TAG_SIZE));
        at += 4 + sealed.length;
        onRead(4 + sealed.length);
        yield* take(extent);
      }
      const digest = hasher.digest();
      if (at !== part.bytes || digest.some((byte, place) => byte !== part.digest[place])) {
        throw wrong("is not what was written");
      }
    } finally {
      hasher.free();
      yield* file.close();
    }
  }

  /** The record that was sealed; `undefined` where it was not sealed with `key` for this very place. */
  *#unseal(
    key: Uint8Array,
    header: Uint8Array,
    record: number,
    sealed: Uint8Array,
  ): Task<StagedExtent | undefined> {
    const opened = yield* this.#codec.open(recordBox(key, header, record), sealed);
    const extent = opened === undefined ? undefined : decodeExtent(opened);
    if (extent === undefined || !("kind" in extent) || !("disk" in extent)) return undefined;
    return this.#fits(extent) ? extent : undefined;
  }

  #fits({ disk, at, length }: StagedExtent): boolean {
    const { sizes, blockSize } = this.manifest;
    const aligned = at % blockSize === 0 && length % blockSize === 0;
    return aligned && inside(at, length, sizes[disk] ?? 0);
  }
}

/** The sealed record at `at`; `undefined` where none can be. */
function* readSealed(file: File, at: number, end: number): Task<Uint8Array | undefined> {
  if (at + 4 > end) return undefined;
  const head = new ByteReader(yield* file.read(at, 4));
  const length = head.u32();
  if (!head.ok || length < SEALED_MIN || length > Math.min(SEALED_MAX, end - at - 4)) {
    return undefined;
  }
  const sealed = yield* file.read(at + 4, length);
  return sealed.length === length ? sealed : undefined;
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
