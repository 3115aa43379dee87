/**
 * A finished file of extents: a sealed delta or an undo file. Body, index, what it says about itself,
 * trailer; written once, never changed.
 *
 * Rule: damage is found before a byte is believed, remembered in `damage`, and thrown as `damaged`;
 * an error of the device is not damage. Pages and contents go through the one cache (R5).
 *
 * @module
 */

import { type Failed, isFailed, localFailure } from "../base/failure.ts";
import { asObject, type JsonObject, parseCanonical } from "../base/json.ts";
import type { Codec } from "../ports/codec.ts";
import type { File } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { DIRECTORY_LINE_SIZE, type DirectoryLine, DirectoryPage } from "./extent_directory.ts";
import { ENTRY_SIZE, type IndexBounds, type IndexEntry, IndexPage } from "./extent_index.ts";
import { readTrailer, rootSize, type Trailer } from "./extent_trailer.ts";
import type { HistoryCache } from "./history_cache.ts";

/** What every reader of a machine's extent files needs. */
export interface ExtentContext {
  readonly codec: Codec;
  readonly cache: HistoryCache;
  /** Bytes of every disk of the machine. */
  readonly sizes: readonly number[];
  readonly blockSize: number;
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
  readonly #trailer: Trailer;
  readonly #root: DirectoryPage;
  readonly #bounds: IndexBounds;
  readonly #owner: number;
  #readers = 0;
  #retired = false;

  private constructor(
    context: ExtentContext,
    file: File,
    name: string,
    trailer: Trailer,
    root: DirectoryPage,
    metadata: JsonObject,
  ) {
    this.#context = context;
    this.#file = file;
    this.name = name;
    this.metadata = metadata;
    this.bodyEnd = trailer.bodyEnd;
    this.size = file.size;
    this.#trailer = trailer;
    this.#root = root;
    this.#bounds = {
      // What disks may have when it is read: a state that is older than this file is brought up first.
      get sizes() {
        return context.sizes;
      },
      blockSize: context.blockSize,
      bodyEnd: trailer.bodyEnd,
    };
    this.#owner = context.cache.owner();
  }

  /** Reads trailer, root of the directory and metadata. Throws `damaged`; the handle stays the caller's then. */
  static *open(context: ExtentContext, file: File, name: string): Task<ExtentFile> {
    const { pageEntries } = context.cache.bounds;
    const trailer = yield* readTrailer(context.codec.kernel, file, pageEntries);
    if (typeof trailer === "string") throw damaged(name, trailer);
    const length = rootSize(trailer.levels);
    const content = yield* file.read(trailer.directoryAt, length + trailer.metadata);
    if (content.length !== length + trailer.metadata) throw damaged(name, "is cut short");
    if (context.codec.kernel.checksum(content) !== trailer.content) {
      throw damaged(name, "has a directory that is not what its checksum says");
    }
    const root = new DirectoryPage(content.subarray(0, length));
    const metadata = asObject(parseCanonical(content.subarray(length)));
    const size = trailer.levels.length === 1 ? ENTRY_SIZE : DIRECTORY_LINE_SIZE;
    if (!root.sound(size, trailer.directoryAt)) {
      throw damaged(name, "has a directory that breaks its rules");
    }
    if (metadata === undefined) throw damaged(name, "says nothing sensible about itself");
    return new ExtentFile(context, file, name, trailer, root, metadata);
  }

  /** Pages of the index. */
  get pages(): number {
    return this.#trailer.levels[0] as number;
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
    const bytes = yield* this.#readPage(yield* this.#line(0, index), ENTRY_SIZE);
    const page = new IndexPage(bytes);
    const problem = page.problem(this.#bounds);
    if (problem !== undefined) throw this.#damaged(`has an entry in its index that ${problem}`);
    this.#context.cache.put(key, page, bytes.length);
    return page;
  }

  /** Line `index` of a level of the directory; those of level 0 lead to pages of entries. */
  *#line(level: number, index: number): Task<DirectoryLine> {
    if (level === this.#trailer.levels.length - 1) return this.#root.line(index);
    const lines = this.#context.cache.bounds.pageEntries;
    const page = yield* this.#lines(level, Math.floor(index / lines));
    return page.line(index % lines);
  }

  /** Page `index` of a level of the directory, checked. */
  *#lines(level: number, index: number): Task<DirectoryPage> {
    if (level === this.#trailer.levels.length - 1) return this.#root;
    const key = `${this.#owner}:d${level}:${index}`;
    const kept = this.#context.cache.get<DirectoryPage>(key);
    if (kept !== undefined) return kept;
    const bytes = yield* this.#readPage(yield* this.#line(level + 1, index), DIRECTORY_LINE_SIZE);
    const page = new DirectoryPage(bytes);
    const most = this.#context.cache.bounds.pageEntries;
    const count = Math.min(most, this.#trailer.levels[level] as number - index * most);
    const size = level === 0 ? ENTRY_SIZE : DIRECTORY_LINE_SIZE;
    if (page.count !== count || !page.sound(size, this.#trailer.directoryAt)) {
      throw this.#damaged("has a directory that breaks its rules");
    }
    this.#context.cache.put(key, page, bytes.length);
    return page;
  }

  *#readPage(line: DirectoryLine, size: number): Task<Uint8Array> {
    const bytes = yield* this.#read(line.offset, line.count * size);
    if (this.#context.codec.kernel.checksum(bytes) === line.checksum) return bytes;
    throw this.#damaged("has a page of its index that is not what its checksum says");
  }

  /** The entries that touch `[at, end)` of `disk`, in order; bounded by the blocks of that range. */
  *overlapping(disk: number, at: number, end: number): Task<IndexEntry[]> {
    const found: IndexEntry[] = [];
    for (let index = yield* this.#pageOf(disk, at); index < this.pages; index++) {
      const line = yield* this.#line(0, index);
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

  /** Tells `visit` of all entries of `disk`, in order. */
  *entriesOf(disk: number, visit: (entry: IndexEntry) => void): Task<void> {
    for (let index = yield* this.#pageOf(disk, 0); index < this.pages; index++) {
      const page = yield* this.page(index);
      for (let place = page.lowerBound(disk, 0); place < page.count; place++) {
        const entry = page.entry(place);
        if (entry.disk !== disk) return;
        visit(entry);
      }
    }
  }

  /** The last page whose first entry is at or before `at` of `disk`, or the first page. */
  *#pageOf(disk: number, at: number): Task<number> {
    let index = 0;
    for (let level = this.#trailer.levels.length - 1; level >= 0; level--) {
      const page = yield* this.#lines(level, index);
      index = index * this.#context.cache.bounds.pageEntries + page.find(disk, at);
    }
    return index;
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

/** A failure that says which file of a replica is damaged. */
export function damaged(name: string, problem: string): Failed {
  return localFailure(
    "damaged",
    `"${name}" ${problem}`,
    "Check the disk under it; points that need this file are marked broken",
  );
}
