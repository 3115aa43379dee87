/**
 * Writes the end of an extent file: index pages and pages of its directory as they fill, then the
 * directory's root, metadata and trailer. The formats are told in `extent_index.ts`,
 * `extent_directory.ts` and `extent_trailer.ts`.
 *
 * Rule: a page of entries and one of lines for each level in memory, whatever the file's size. Nothing is durable before the
 * caller flushes the file.
 *
 * @module
 */

import { ByteWriter } from "../base/bytes.ts";
import { canonicalBytes, type JsonObject } from "../base/json.ts";
import type { Kernel } from "../ports/codec.ts";
import type { Task } from "../runtime/task.ts";
import { DIRECTORY_LINE_SIZE, type DirectoryLine, writeDirectoryLine } from "./extent_directory.ts";
import { ENTRY_SIZE, type IndexEntry, writeEntry } from "./extent_index.ts";
import { TRAILER_MAGIC, TRAILER_SIZE } from "./extent_trailer.ts";
import type { FileAppender } from "./file_appender.ts";

/** Writes index, metadata and trailer behind a body. Entries come sorted and without overlap. */
export class ExtentFileWriter {
  readonly #appender: FileAppender;
  readonly #kernel: Kernel;
  readonly #pageEntries: number;
  #page: ByteWriter;
  #first: IndexEntry | undefined;
  #entries = 0;
  #pages = 0;
  /** The lines of each level that are in no page yet. */
  readonly #levels: DirectoryLine[][] = [[]];

  /** `pageEntries` is that of the readers' `HistoryBounds`. */
  constructor(appender: FileAppender, kernel: Kernel, pageEntries: number) {
    this.#appender = appender;
    this.#kernel = kernel;
    this.#pageEntries = pageEntries;
    this.#page = new ByteWriter(pageEntries * ENTRY_SIZE);
  }

  /** Appends a payload to the body; returns where it lies. */
  *payload(bytes: Uint8Array): Task<number> {
    const at = this.#appender.position;
    yield* this.#appender.append(bytes);
    return at;
  }

  /** Appends an entry to the index; a full page goes into the file. */
  *add(entry: IndexEntry): Task<void> {
    this.#first ??= entry;
    writeEntry(this.#page, entry);
    this.#entries++;
    if (this.#page.at === this.#page.bytes.length) yield* this.#finishPage();
  }

  *#finishPage(): Task<void> {
    const first = this.#first;
    if (first === undefined) return;
    const bytes = this.#page.bytes.subarray(0, this.#page.at);
    yield* this.#addLine(0, yield* this.#writePage(first, bytes, ENTRY_SIZE));
    this.#pages++;
    this.#page = new ByteWriter(this.#page.bytes).seek(0);
    this.#first = undefined;
  }

  *#writePage(
    { disk, at }: { readonly disk: number; readonly at: number },
    bytes: Uint8Array,
    size: number,
  ): Task<DirectoryLine> {
    const offset = this.#appender.position;
    const checksum = this.#kernel.checksum(bytes);
    yield* this.#appender.append(bytes);
    return { disk, at, count: bytes.length / size, offset, checksum };
  }

  /** A level whose page is full goes into the file when a line more comes: until then it may be the root. */
  *#addLine(level: number, line: DirectoryLine): Task<void> {
    const lines = this.#levels[level] ??= [];
    if (lines.length === this.#pageEntries) yield* this.#finishLines(level);
    lines.push(line);
  }

  *#finishLines(level: number): Task<void> {
    const lines = this.#levels[level] as DirectoryLine[];
    const page = yield* this.#writePage(
      lines[0] as DirectoryLine,
      bytesOf(lines),
      DIRECTORY_LINE_SIZE,
    );
    lines.length = 0;
    yield* this.#addLine(level + 1, page);
  }

  /**
   * Ends the file: everything is in the kernel afterwards, nothing of it is durable yet. `bodyEnd`
   * is where payloads end when they do not share the space with pages.
   */
  *finish(metadata: JsonObject, bodyEnd?: number): Task<void> {
    yield* this.#finishPage();
    for (let level = 0; level + 1 < this.#levels.length; level++) yield* this.#finishLines(level);
    const directoryAt = this.#appender.position;
    const text = canonicalBytes(metadata);
    const root = bytesOf(this.#levels.at(-1) ?? []);
    const content = new ByteWriter(root.length + text.length).raw(root).raw(text);
    yield* this.#appender.append(content.bytes);
    const trailer = new ByteWriter(TRAILER_SIZE);
    trailer.raw(TRAILER_MAGIC).safe64(bodyEnd ?? directoryAt).safe64(directoryAt)
      .u32(this.#pages).u32(text.length).safe64(this.#entries)
      .u64(this.#kernel.checksum(content.bytes));
    trailer.u64(this.#kernel.checksum(trailer.bytes.subarray(0, TRAILER_SIZE - 8)));
    yield* this.#appender.append(trailer.bytes);
    yield* this.#appender.drain();
  }
}

function bytesOf(lines: readonly DirectoryLine[]): Uint8Array {
  const writer = new ByteWriter(lines.length * DIRECTORY_LINE_SIZE);
  for (const line of lines) writeDirectoryLine(writer, line);
  return writer.bytes;
}
