/**
 * Writing a package on media (M25): records into parts, part after part, the manifest last.
 *
 * A part is durable with its name before its line of the index is, and the line before the caller is told; so
 * what a crash leaves is a number of whole parts with their lines, and perhaps one more part that no line names: that
 * one is written again. Without its manifest a package is none.
 *
 * @module
 */
// Long because: what is written in which order, and how it is found again, is one format.

import { ByteWriter } from "../base/bytes.ts";
import { isFailed, localFailure } from "../base/failure.ts";
import { KiB, toHex } from "../base/units.ts";
import type { Hasher, Kernel } from "../ports/codec.ts";
import type { File, Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { chainDigest, emptyChain } from "../wire/chain.ts";
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
  PACKAGE_FORMAT,
  type PackageDraft,
  type PackageManifest,
  PART_SIZE,
  partHeader,
  partName,
  PARTS_MAX,
} from "./package_format.ts";

/** Parts of a small machine are smaller: one that is exported has several, whatever its size. */
const PARTS_WANTED = 8;
const PART_SIZE_MIN = 8 * KiB;

/** A package that is complete. */
export interface CompletePackage {
  readonly manifest: PackageManifest;
  /** BLAKE3 of the manifest's file. */
  readonly digest: string;
}

/** The part that is being written. */
interface OpenPart {
  readonly file: File;
  readonly appender: FileAppender;
  chain: Uint8Array;
  records: number;
}

/** A package in the making. */
export class PackageWriter {
  readonly #kernel: Kernel;
  readonly #folder: Folder;
  readonly #draft: PackageDraft;
  readonly #partSize: number;
  readonly #hasher: Hasher;
  #index: FileAppender;
  #parts: number;
  #bytes: number;
  #part: OpenPart | undefined;

  private constructor(kernel: Kernel, folder: Folder, draft: PackageDraft, begun: Begun) {
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
    kernel: Kernel,
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
    return new PackageWriter(kernel, folder, draft, begun);
  }

  /**
   * Goes on with the package of `draft` where it was cut short; `undefined` where that is not in `folder`, or not as
   * it was left.
   */
  static *resume(
    kernel: Kernel,
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
      const part = decodeIndexLine(kernel, parts, lines.subarray(at, at + INDEX_LINE_SIZE));
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
    return new PackageWriter(kernel, folder, draft, { index, lines: kept, bytes, size });
  }

  /** Bytes of finished parts. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True when the open part has as many bytes as a part should. */
  get full(): boolean {
    return this.#part !== undefined && this.#part.appender.position >= this.#partSize;
  }

  /** Appends a record, whose payload has `digest`. It is durable once `finishPart` has returned. */
  *append(extent: StagedExtent, digest: Uint8Array): Task<void> {
    const part = this.#part ?? (yield* this.#openPart());
    const record = encodeExtent(extent);
    const length = new ByteWriter(4).u32(extent.payload.length).bytes;
    yield* part.appender.append(length);
    yield* part.appender.append(record);
    part.chain = chainDigest(this.#kernel, part.chain, extent, digest);
    part.records++;
  }

  *#openPart(): Task<OpenPart> {
    if (this.#parts >= PARTS_MAX) {
      throw localFailure("no-space", "The machine is too large for a package on media");
    }
    const name = partName(this.#parts);
    const file = yield* this.#folder.open(name, { create: true, truncate: true });
    const appender = new FileAppender(file, 0);
    this.#part = { file, appender, chain: emptyChain(), records: 0 };
    yield* appender.append(partHeader(this.#kernel, this.#draft, this.#parts));
    return this.#part;
  }

  /** Makes the open part durable, then its line of the index. */
  *finishPart(): Task<void> {
    const part = this.#part;
    if (part === undefined) return;
    yield* part.appender.drain();
    yield* part.file.flush();
    yield* this.#folder.flush();
    const { records, chain: digest } = part;
    const bytes = part.appender.position;
    const line = encodeIndexLine(this.#kernel, this.#parts, { records, bytes, digest });
    yield* this.#index.append(line);
    yield* this.#index.drain();
    yield* this.#index.file.flush();
    this.#hasher.update(line);
    this.#parts++;
    this.#bytes += bytes;
    this.#part = undefined;
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

/** Crash before the rename: the file of before, or none. After it: the new one, whole. */
function* replaceFile(folder: Folder, name: string, bytes: Uint8Array): Task<void> {
  const file = yield* folder.open(`${name}.new`, { create: true, truncate: true });
  try {
    yield* file.write(0, bytes);
    yield* file.flush();
  } finally {
    yield* file.close();
  }
  yield* folder.rename(`${name}.new`, name);
  yield* folder.flush();
}

function inTheWay(folder: Folder): Error {
  return localFailure(
    "exists",
    `"${folder.path}" holds another package that is complete`,
    "Move it away, or export to another folder",
  );
}
