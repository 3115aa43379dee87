/**
 * Writing a package on media (M25): records into parts, part after part, the manifest last. Each record is sealed.
 *
 * A part is durable with its name before its line of the index is, and the line before the caller is told; so
 * what a crash leaves is a number of whole parts with their lines, and perhaps one more part that no line names: that
 * one is written again, with a salt of its own, for its records are others by then and no nonce may seal two (`Box`).
 * Without its manifest a package is none.
 *
 * @module
 */
// Long because: what is written in which order, and how it is found again, is one format.

import { ByteWriter } from "../base/bytes.ts";
import { isFailed, localFailure } from "../base/failure.ts";
import { KiB, toHex } from "../base/units.ts";
import { BOX_TAG_SIZE, type Codec, type Hasher, type Kernel } from "../ports/codec.ts";
import type { Entropy } from "../ports/clock.ts";
import type { File, Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { encodeExtent, type StagedExtent } from "../wire/extent.ts";
import type { PointDeclaration } from "../wire/point.ts";
import { FileAppender } from "./file_appender.ts";
import {
  decodeDraft,
  decodeIndexLine,
  decodeManifest,
  encodeDraft,
  encodeIndexLine,
  encodeManifest,
  INCOMPLETE_NAME,
  INDEX_LINE_SIZE,
  INDEX_NAME,
  MANIFEST_MAX,
  MANIFEST_NAME,
  manifestDigest,
  PACKAGE_CIPHER,
  PACKAGE_FORMAT,
  type PackageDraft,
  type PackageManifest,
  PART_SALT_SIZE,
  PART_SIZE,
  partHeader,
  partName,
  PARTS_MAX,
  recordBox,
} from "./package_format.ts";
import { replaceFile } from "./replace_file.ts";

/** Parts of a small machine are smaller: one that is exported has several, whatever its size. */
const PARTS_WANTED = 8;
const PART_SIZE_MIN = 8 * KiB;

/** A package that is complete. */
export interface CompletePackage {
  readonly manifest: PackageManifest;
  /** BLAKE3 of the manifest's file. */
  readonly digest: string;
}

/** With what a package is written. */
export interface PackageTools {
  readonly codec: Codec;
  readonly entropy: Entropy;
  /** The key of this package, 32 bytes: of no other, for a draft that is begun again is another package. */
  readonly key: Uint8Array;
}

/** The part that is being written. */
interface OpenPart {
  readonly file: File;
  readonly appender: FileAppender;
  readonly header: Uint8Array;
  /** Over the header, and the length and the tag of each record. */
  readonly hasher: Hasher;
  records: number;
}

/** A package in the making. */
export class PackageWriter {
  readonly #tools: PackageTools;
  readonly #kernel: Kernel;
  readonly #folder: Folder;
  readonly #draft: PackageDraft;
  readonly #partSize: number;
  readonly #hasher: Hasher;
  #index: FileAppender;
  #parts: number;
  #bytes: number;
  #part: OpenPart | undefined;

  private constructor(tools: PackageTools, folder: Folder, draft: PackageDraft, begun: Begun) {
    const { kernel } = tools.codec;
    this.#tools = tools;
    this.#kernel = kernel;
    this.#folder = folder;
    this.#draft = draft;
    const wanted = Math.ceil(begun.size / PARTS_WANTED);
    this.#partSize = Math.min(PART_SIZE, Math.max(PART_SIZE_MIN, wanted));
    this.#index = new FileAppender(begun.index, begun.lines.length);
    this.#hasher = kernel.hasher();
    this.#hasher.update(begun.lines);
    this.#parts = begun.lines.length / INDEX_LINE_SIZE;
    this.#bytes = begun.bytes;
  }

  /**
   * Begins a package in `folder`, replacing one that is incomplete. A crash before the draft is durable leaves
   * nothing that anybody takes for a package.
   */
  static *begin(
    tools: PackageTools,
    folder: Folder,
    draft: PackageDraft,
    size: number,
  ): Task<PackageWriter> {
    for (const name of yield* folder.list()) {
      if (name === MANIFEST_NAME) throw inTheWay(folder);
      if (name.endsWith(".part") || name === INDEX_NAME) yield* folder.remove(name);
    }
    yield* replaceFile(folder, INCOMPLETE_NAME, encodeDraft(draft));
    const index = yield* folder.open(INDEX_NAME, { create: true, truncate: true });
    const begun = { index, lines: new Uint8Array(0), bytes: 0, size };
    return new PackageWriter(tools, folder, draft, begun);
  }

  /**
   * Goes on with the package of `draft` where it was cut short; `undefined` where that is not in `folder`, or not as
   * it was left.
   */
  static *resume(
    tools: PackageTools,
    folder: Folder,
    draft: PackageDraft,
    size: number,
  ): Task<PackageWriter | undefined> {
    const found = yield* readSmall(folder, INCOMPLETE_NAME);
    if (found === undefined || decodeDraft(found)?.seed !== draft.seed) return undefined;
    let index: File;
    try {
      index = yield* folder.open(INDEX_NAME, { create: true });
    } catch (error) {
      if (isFailed(error, "not-found")) return undefined;
      throw error;
    }
    const whole = index.size - (index.size % INDEX_LINE_SIZE);
    const lines = yield* index.read(0, whole);
    let bytes = 0;
    let parts = 0;
    for (; parts < whole / INDEX_LINE_SIZE; parts++) {
      const at = parts * INDEX_LINE_SIZE;
      const part = decodeIndexLine(
        tools.codec.kernel,
        parts,
        lines.subarray(at, at + INDEX_LINE_SIZE),
      );
      // A torn last line is of a part that nobody was told of.
      if (part === undefined) break;
      if ((yield* sizeOf(folder, partName(parts))) !== part.bytes) {
        yield* index.close();
        return undefined;
      }
      bytes += part.bytes;
    }
    yield* index.truncate(parts * INDEX_LINE_SIZE);
    const kept = lines.slice(0, parts * INDEX_LINE_SIZE);
    return new PackageWriter(tools, folder, draft, { index, lines: kept, bytes, size });
  }

  /** Bytes of finished parts. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True when the open part has as many bytes as a part should. */
  get full(): boolean {
    return this.#part !== undefined && this.#part.appender.position >= this.#partSize;
  }

  /** Appends a record. It is durable once `finishPart` has returned. */
  *append(extent: StagedExtent): Task<void> {
    const part = this.#part ?? (yield* this.#openPart());
    const { codec, key } = this.#tools;
    const box = recordBox(key, part.header, part.records++);
    const sealed = yield* codec.seal(box, encodeExtent(extent));
    const length = new ByteWriter(4).u32(sealed.length).bytes;
    yield* part.appender.append(length);
    yield* part.appender.append(sealed);
    part.hasher.update(length);
    part.hasher.update(sealed.subarray(sealed.length - BOX_TAG_SIZE));
  }

  *#openPart(): Task<OpenPart> {
    if (this.#parts >= PARTS_MAX) {
      throw localFailure(
        "no-space",
        `"${this.#draft.name}" is too large for a package on media`,
        `Send its first copy over the network: "warmsite replication start ${this.#draft.name}"; or leave disks out ` +
          'of it first: "warmsite vm disk exclude"',
      );
    }
    const name = partName(this.#parts);
    const file = yield* this.#folder.open(name, { create: true, truncate: true });
    const appender = new FileAppender(file, 0);
    const salt = this.#tools.entropy.bytes(PART_SALT_SIZE);
    const header = partHeader(this.#kernel, this.#draft, this.#parts, salt);
    const hasher = this.#kernel.hasher();
    this.#part = { file, appender, header, hasher, records: 0 };
    hasher.update(header);
    yield* appender.append(header);
    return this.#part;
  }

  /** Makes the open part durable, then its line of the index. */
  *finishPart(): Task<void> {
    const part = this.#part;
    if (part === undefined) return;
    yield* part.appender.drain();
    yield* part.file.flush();
    yield* this.#folder.flush();
    const { records } = part;
    const digest = part.hasher.digest();
    const bytes = part.appender.position;
    const line = encodeIndexLine(this.#kernel, this.#parts, { records, bytes, digest });
    yield* this.#index.append(line);
    yield* this.#index.drain();
    yield* this.#index.file.flush();
    this.#hasher.update(line);
    this.#parts++;
    this.#bytes += bytes;
    this.#part = undefined;
    part.hasher.free();
    yield* part.file.close();
  }

  /** Finishes the package: it holds `point`. Durable when it returns. */
  *complete(
    { point, sizes, blockSize }: {
      readonly point: PointDeclaration;
      readonly sizes: readonly number[];
      readonly blockSize: number;
    },
  ): Task<CompletePackage> {
    yield* this.finishPart();
    const { machine, name, seed } = this.#draft;
    const manifest: PackageManifest = {
      format: PACKAGE_FORMAT,
      machine,
      name,
      seed,
      cipher: PACKAGE_CIPHER,
      blockSize,
      sizes,
      point,
      parts: this.#parts,
      bytes: this.#bytes,
      index: toHex(this.#hasher.digest()),
    };
    const bytes = encodeManifest(manifest);
    yield* replaceFile(this.#folder, MANIFEST_NAME, bytes);
    yield* this.#folder.remove(INCOMPLETE_NAME);
    yield* this.#folder.flush();
    return { manifest, digest: manifestDigest(this.#kernel, bytes) };
  }

  /** Gives the files back. */
  *close(): Task<void> {
    this.#hasher.free();
    const part = this.#part;
    this.#part = undefined;
    part?.hasher.free();
    if (part !== undefined) yield* part.file.close();
    yield* this.#index.file.close();
  }
}

interface Begun {
  readonly index: File;
  /** Lines that there are. */
  readonly lines: Uint8Array;
  /** Bytes of their parts. */
  readonly bytes: number;
  /** Bytes of the machine's disks. */
  readonly size: number;
}

/** The complete package in `folder` that is `ours`, where a crash came before anybody was told of it. */
export function* findComplete(
  kernel: Kernel,
  folder: Folder,
  ours: (manifest: PackageManifest) => boolean,
): Task<CompletePackage | undefined> {
  const bytes = yield* readSmall(folder, MANIFEST_NAME);
  if (bytes === undefined) return undefined;
  const manifest = decodeManifest(bytes);
  if (typeof manifest === "string" || !ours(manifest)) throw inTheWay(folder);
  return { manifest, digest: manifestDigest(kernel, bytes) };
}

/** A small file whole; `undefined` where there is none, or one that is too long. */
export function* readSmall(folder: Folder, name: string): Task<Uint8Array | undefined> {
  let file: File;
  try {
    file = yield* folder.open(name);
  } catch (error) {
    if (isFailed(error, "not-found")) return undefined;
    throw error;
  }
  try {
    return file.size > MANIFEST_MAX ? undefined : yield* file.read(0, file.size);
  } finally {
    yield* file.close();
  }
}

function* sizeOf(folder: Folder, name: string): Task<number | undefined> {
  try {
    const file = yield* folder.open(name);
    const { size } = file;
    yield* file.close();
    return size;
  } catch (error) {
    if (isFailed(error, "not-found")) return undefined;
    throw error;
  }
}

function inTheWay(folder: Folder): Error {
  return localFailure(
    "exists",
    `"${folder.path}" holds another package that is complete`,
    "Move it away, or export to another folder",
  );
}
