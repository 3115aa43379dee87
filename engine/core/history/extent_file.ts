/**
 * A finished file of extents: a sealed delta or an undo file. Body, index, what it says about itself,
 * trailer; written once, never changed.
 *
 * The trailer is the last 56 bytes:
 *
 * | at | field     | type | meaning                                                       |
 * |----|-----------|------|---------------------------------------------------------------|
 * |  0 | magic     | 8    | `WSTRAIL1`                                                    |
 * |  8 | bodyEnd   | u64  | where the body ends; pages, directory and metadata follow     |
 * | 16 | directory | u64  | where the directory begins; it ends where the metadata begins |
 * | 24 | pages     | u32  | entries of the directory                                      |
 * | 28 | metadata  | u32  | bytes of metadata, canonical JSON; the trailer follows        |
 * | 32 | entries   | u64  | entries of the index                                          |
 * | 40 | content   | u64  | XXH3-64 of directory and metadata                             |
 * | 48 | checksum  | u64  | XXH3-64 of the 48 bytes before                                |
 *
 * Rule: damage is found before a byte is believed, remembered in `damage`, and thrown as `damaged`;
 * an error of the device is not damage. Pages and contents go through the one cache (R5).
 *
 * @module
 */

import { ByteReader } from "../base/bytes.ts";
import { type Failed, isFailed, localFailure } from "../base/failure.ts";
import { asObject, type JsonObject, parseCanonical } from "../base/json.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { Codec, Kernel } from "../ports/codec.ts";
import type { File } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { METADATA_MAX, PAGES_MAX } from "./bounds.ts";
import {
  DIRECTORY_ENTRY_SIZE,
  type DirectoryEntry,
  ENTRY_SIZE,
  type IndexBounds,
  type IndexEntry,
  IndexPage,
  readDirectory,
} from "./extent_index.ts";
import type { HistoryCache } from "./history_cache.ts";

/** Bytes of the trailer. */
export const TRAILER_SIZE = 56;
/** The trailer's first bytes. */
export const TRAILER_MAGIC = encodeUtf8("WSTRAIL1");

/** What every reader of a machine's extent files needs. */
export interface ExtentContext {
  readonly codec: Codec;
  readonly cache: HistoryCache;
  /** Bytes of every disk of the machine. */
  readonly sizes: readonly number[];
  readonly blockSize: number;
}

interface Trailer {
  readonly bodyEnd: number;
  readonly directoryAt: number;
  readonly pages: number;
  readonly metadata: number;
  readonly entries: number;
  readonly content: bigint;
}

/** Reads a finished file. Owns its handle. */
export class ExtentFile {
  /** For messages: folder and name. */
  readonly name: string;
  /** What the file says about itself; whoever knows the kind of file checks it. */
  readonly metadata: JsonObject;
  /** Where the body ends. */
  readonly bodyEnd: number;
  /** Bytes of the file. */
  readonly size: number;
  /** Why nothing here is believed any more; `undefined` while no damage was found. */
  damage: string | undefined;
  readonly #context: ExtentContext;
  readonly #file: File;
  readonly #directory: readonly DirectoryEntry[];
  readonly #bounds: IndexBounds;
  readonly #owner: number;
  #readers = 0;
  #retired = false;

  private constructor(
    context: ExtentContext,
    file: File,
    name: string,
    trailer: Trailer,
    directory: readonly DirectoryEntry[],
    metadata: JsonObject,
  ) {
    this.#context = context;
    this.#file = file;
    this.name = name;
    this.metadata = metadata;
    this.bodyEnd = trailer.bodyEnd;
    this.size = file.size;
    this.#directory = directory;
    const { sizes, blockSize } = context;
    this.#bounds = { sizes, blockSize, bodyEnd: trailer.bodyEnd };
    this.#owner = context.cache.owner();
  }

  /** Reads trailer, directory and metadata. Throws `damaged`; the handle stays the caller's then. */
  static *open(context: ExtentContext, file: File, name: string): Task<ExtentFile> {
    const trailer = yield* readTrailer(context.codec.kernel, file, name);
    const length = trailer.pages * DIRECTORY_ENTRY_SIZE;
    const content = yield* file.read(trailer.directoryAt, length + trailer.metadata);
    if (content.length !== length + trailer.metadata) throw damaged(name, "is cut short");
    if (context.codec.kernel.checksum(content) !== trailer.content) {
      throw damaged(name, "has a directory that is not what its checksum says");
    }
    const directory = readDirectory(content.subarray(0, length), trailer.directoryAt);
    const metadata = asObject(parseCanonical(content.subarray(length)));
    if (directory === undefined) throw damaged(name, "has a directory that breaks its rules");
    if (metadata === undefined) throw damaged(name, "says nothing sensible about itself");
    return new ExtentFile(context, file, name, trailer, directory, metadata);
  }

  /** Pages of the index. */
  get pages(): number {
    return this.#directory.length;
  }

  /** The open file: for whoever reads the body in the order it was written. */
  get file(): File {
    return this.#file;
  }

  /** Somebody reads: the handle stays open until `release`. */
  acquire(): void {
    this.#readers++;
  }

  /** Ends what `acquire` began. */
  *release(): Task<void> {
    this.#readers--;
    if (this.#retired && this.#readers === 0) yield* this.#file.close();
  }

  /** Nobody begins to read any more; the handle is closed after the last reader. */
  *retire(): Task<void> {
    if (this.#retired) return;
    this.#retired = true;
    if (this.#readers === 0) yield* this.#file.close();
  }

  /** Page `index` of the index, checked. */
  *page(index: number): Task<IndexPage> {
    const key = `${this.#owner}:p${index}`;
    const kept = this.#context.cache.get<IndexPage>(key);
    if (kept !== undefined) return kept;
    const line = this.#directory[index] as DirectoryEntry;
    const bytes = yield* this.#read(line.offset, line.count * ENTRY_SIZE);
    if (this.#context.codec.kernel.checksum(bytes) !== line.checksum) {
      throw this.#damaged(`has a page of its index that is not what its checksum says`);
    }
    const page = new IndexPage(bytes);
    const problem = page.problem(this.#bounds);
    if (problem !== undefined) throw this.#damaged(`has an entry in its index that ${problem}`);
    this.#context.cache.put(key, page, bytes.length);
    return page;
  }

  /** The entries that touch `[at, end)` of `disk`, in order. */
  *overlapping(disk: number, at: number, end: number): Task<IndexEntry[]> {
    const found: IndexEntry[] = [];
    for (let index = this.#pageOf(disk, at); index < this.#directory.length; index++) {
      const line = this.#directory[index] as DirectoryEntry;
      if (line.disk > disk || (line.disk === disk && line.at >= end)) break;
      const page = yield* this.page(index);
      for (let place = page.lowerBound(disk, at); place < page.count; place++) {
        const entry = page.entry(place);
        if (entry.disk !== disk || entry.at >= end) return found;
        found.push(entry);
      }
    }
    return found;
  }

  /** The last page whose first entry is at or before `at` of `disk`. */
  #pageOf(disk: number, at: number): number {
    let low = 0;
    let high = this.#directory.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const line = this.#directory[middle] as DirectoryEntry;
      if (line.disk < disk || (line.disk === disk && line.at <= at)) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /**
   * The bytes of an entry that is not zero, checked against its checksum; not to be changed, for
   * the cache keeps them.
   */
  *content(entry: IndexEntry): Task<Uint8Array> {
    const key = `${this.#owner}:c${entry.offset}`;
    let whole = this.#context.cache.get<Uint8Array>(key);
    if (whole === undefined) {
      whole = yield* this.#load(entry);
      this.#context.cache.put(key, whole, whole.length);
    }
    return whole.subarray(entry.skip, entry.skip + entry.length);
  }

  *#load(entry: IndexEntry): Task<Uint8Array> {
    const payload = yield* this.#read(entry.offset, entry.stored);
    const { codec } = this.#context;
    const content = entry.kind === "raw" ? payload : yield* codec.decompress(payload, entry.whole);
    if (content !== undefined && codec.kernel.checksum(content) === entry.checksum) return content;
    throw this.#damaged(
      `has contents for disk ${entry.disk} at ${entry.at} that are not what their checksum says`,
    );
  }

  *#read(at: number, length: number): Task<Uint8Array> {
    try {
      const bytes = yield* this.#file.read(at, length);
      if (bytes.length === length) return bytes;
    } catch (error) {
      if (!isFailed(error, "latent-sector")) throw error;
      throw this.#damaged(`cannot be read at ${at}`);
    }
    throw this.#damaged("is cut short");
  }

  #damaged(problem: string): Failed {
    this.damage ??= `"${this.name}" ${problem}`;
    return damaged(this.name, problem);
  }
}

function* readTrailer(kernel: Kernel, file: File, name: string): Task<Trailer> {
  const end = file.size - TRAILER_SIZE;
  if (end < 0) throw damaged(name, "is too short to be finished");
  const bytes = yield* file.read(end, TRAILER_SIZE);
  const reader = new ByteReader(bytes);
  const magic = reader.bytes(TRAILER_MAGIC.length);
  const bodyEnd = reader.safe64();
  const directoryAt = reader.safe64();
  const pages = reader.u32();
  const metadata = reader.u32();
  const entries = reader.safe64();
  const content = reader.u64();
  const checksum = reader.u64();
  if (!reader.ok || magic.some((byte, at) => byte !== TRAILER_MAGIC[at])) {
    throw damaged(name, "has no end: it was cut short");
  }
  if (kernel.checksum(bytes.subarray(0, TRAILER_SIZE - 8)) !== checksum) {
    throw damaged(name, "has an end that is not what its checksum says");
  }
  const sound = pages <= PAGES_MAX && metadata <= METADATA_MAX && bodyEnd <= directoryAt &&
    directoryAt + pages * DIRECTORY_ENTRY_SIZE + metadata === end;
  if (!sound) throw damaged(name, "has an end that breaks its rules");
  return { bodyEnd, directoryAt, pages, metadata, entries, content };
}

/** A failure that says which file of a replica is damaged. */
export function damaged(name: string, problem: string): Failed {
  return localFailure(
    "damaged",
    `"${name}" ${problem}`,
    "Check the disk under it; points that need this file are marked broken",
  );
}
