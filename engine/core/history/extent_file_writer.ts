/**
 * Writes the end of an extent file: index pages as they fill, then directory, metadata and trailer.
 * The formats are told in `extent_index.ts` and `extent_file.ts`.
 *
 * Rule: a page of memory and the directory, whatever the file's size. Nothing is durable before the
 * caller flushes the file.
 *
 * @module
 */

import { ByteWriter } from "../base/bytes.ts";
import { localFailure } from "../base/failure.ts";
import { canonicalBytes, type JsonObject } from "../base/json.ts";
import type { Kernel } from "../ports/codec.ts";
import type { Task } from "../runtime/task.ts";
import { PAGE_ENTRIES, PAGES_MAX } from "./bounds.ts";
import { TRAILER_MAGIC, TRAILER_SIZE } from "./extent_file.ts";
import {
  DIRECTORY_ENTRY_SIZE,
  type DirectoryEntry,
  ENTRY_SIZE,
  type IndexEntry,
  writeDirectoryEntry,
  writeEntry,
} from "./extent_index.ts";
import type { FileAppender } from "./file_appender.ts";

/** Writes index, metadata and trailer behind a body. Entries come sorted and without overlap. */
export class ExtentFileWriter {
  readonly #appender: FileAppender;
  readonly #kernel: Kernel;
  #page = new ByteWriter(PAGE_ENTRIES * ENTRY_SIZE);
  readonly #directory: DirectoryEntry[] = [];
  #first: IndexEntry | undefined;
  #entries = 0;

  constructor(appender: FileAppender, kernel: Kernel) {
    this.#appender = appender;
    this.#kernel = kernel;
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
    if (this.#directory.length === PAGES_MAX) {
      throw localFailure("no-space", "The index of a delta is full", "Replicate more often");
    }
    const bytes = this.#page.bytes.subarray(0, this.#page.at);
    const offset = this.#appender.position;
    const checksum = this.#kernel.checksum(bytes);
    const count = this.#page.at / ENTRY_SIZE;
    this.#directory.push({ disk: first.disk, at: first.at, count, offset, checksum });
    yield* this.#appender.append(bytes);
    this.#page = new ByteWriter(this.#page.bytes).seek(0);
    this.#first = undefined;
  }

  /**
   * Ends the file: everything is in the kernel afterwards, nothing of it is durable yet. `bodyEnd`
   * is where payloads end when they do not share the space with pages.
   */
  *finish(metadata: JsonObject, bodyEnd?: number): Task<void> {
    yield* this.#finishPage();
    const directoryAt = this.#appender.position;
    const text = canonicalBytes(metadata);
    const directorySize = this.#directory.length * DIRECTORY_ENTRY_SIZE;
    const content = new ByteWriter(directorySize + text.length);
    for (const entry of this.#directory) writeDirectoryEntry(content, entry);
    content.raw(text);
    yield* this.#appender.append(content.bytes);
    const trailer = new ByteWriter(TRAILER_SIZE);
    trailer.raw(TRAILER_MAGIC).safe64(bodyEnd ?? directoryAt).safe64(directoryAt).u32(
      this.#directory.length,
    )
      .u32(text.length).safe64(this.#entries).u64(this.#kernel.checksum(content.bytes));
    trailer.u64(this.#kernel.checksum(trailer.bytes.subarray(0, TRAILER_SIZE - 8)));
    yield* this.#appender.append(trailer.bytes);
    yield* this.#appender.drain();
  }
}
