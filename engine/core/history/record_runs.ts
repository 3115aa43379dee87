/**
 * Records of an open delta that memory has no room for: sorted runs in `staging/<id>.runs`, beside the
 * staging file, merged when the delta is sealed (R2).
 *
 * A run is pages of up to 512 records, all but its last one full: the XXH3-64 of the records, then the
 * records as entries of an index.
 *
 * Rule: the file says nothing that the staging file does not. It is never flushed, never read by
 * another process, made anew by whoever opens the delta after a crash, and removed with it. Memory: a
 * few dozen bytes a run and, while runs are merged, a page of each.
 *
 * @module
 */

import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { type Failed, isFailed } from "../base/failure.ts";
import type { Kernel } from "../ports/codec.ts";
import type { File, Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { RUN_PAGE_RECORDS } from "./bounds.ts";
import { damaged } from "./extent_file.ts";
import { ENTRY_SIZE, IndexPage, writeEntry } from "./extent_index.ts";
import { FileAppender } from "./file_appender.ts";
import { MergedRecords } from "./merged_records.ts";
import type { DeltaRecord, RecordSource } from "./record_buffer.ts";

const CHECKSUM_SIZE = 8;
const PAGE_SIZE = CHECKSUM_SIZE + RUN_PAGE_RECORDS * ENTRY_SIZE;

interface Run {
  /** Where its first page begins. */
  readonly at: number;
  readonly count: number;
  /** The lowest payload offset in it. */
  readonly first: number;
  /** Records whose payload begins after this byte of the staging file were taken back. */
  limit: number;
}

/** The sorted runs of one open delta. */
export class RecordRuns {
  readonly #folder: Folder;
  readonly #name: string;
  readonly #kernel: Kernel;
  readonly #mergedAtOnce: number;
  #file: File | undefined;
  #runs: Run[] = [];
  /** Where the next run begins. */
  #end = 0;

  constructor(folder: Folder, name: string, kernel: Kernel, mergedAtOnce: number) {
    this.#folder = folder;
    this.#name = name;
    this.#kernel = kernel;
    this.#mergedAtOnce = mergedAtOnce;
  }

  /** Writes `records` as one run; the first of them that came has its payload at `first`. */
  *write(records: RecordSource, first: number): Task<void> {
    // What a crash leaves here is replaced by the next process, or removed when the replica is opened.
    this.#file ??= yield* this.#folder.open(this.#name, { create: true, truncate: true });
    const appender = new FileAppender(this.#file, this.#end);
    const page = new ByteWriter(PAGE_SIZE).seek(CHECKSUM_SIZE);
    let count = 0;
    while (records.head !== undefined) {
      writeEntry(page, { ...records.head, whole: records.head.length, skip: 0 });
      count++;
      if (page.at === PAGE_SIZE) yield* this.#writePage(appender, page);
      if (!records.advance()) yield* records.load();
    }
    if (page.at > CHECKSUM_SIZE) yield* this.#writePage(appender, page);
    yield* appender.drain();
    this.#runs.push({ at: this.#end, count, first, limit: Infinity });
    this.#end = appender.position;
  }

  *#writePage(appender: FileAppender, page: ByteWriter): Task<void> {
    const bytes = page.bytes.subarray(0, page.at);
    page.seek(0).u64(this.#kernel.checksum(bytes.subarray(CHECKSUM_SIZE)));
    yield* appender.append(bytes);
  }

  /** Forgets the records whose payload begins after byte `end` of the staging file. */
  rewind(end: number): void {
    this.#runs = this.#runs.filter(({ first }) => first <= end);
    for (const run of this.#runs) run.limit = Math.min(run.limit, end);
  }

  /** All runs to be merged, so few that a page of each fits into memory. */
  *sources(): Task<RecordSource[]> {
    while (this.#runs.length > this.#mergedAtOnce) {
      const some = this.#runs.slice(0, this.#mergedAtOnce);
      const first = some.reduce((least, run) => Math.min(least, run.first), Infinity);
      yield* this.write(yield* MergedRecords.open(this.#readers(some)), first);
      this.#runs.splice(0, some.length);
    }
    return this.#readers(this.#runs);
  }

  #readers(runs: readonly Run[]): RecordSource[] {
    const file = this.#file;
    if (file === undefined) return [];
    return runs.map((run) => new RunReader(file, this.#kernel, `staging/${this.#name}`, run));
  }

  /** Gives the file back and removes it. */
  *close(): Task<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    this.#runs = [];
    this.#end = 0;
    yield* file.close();
    try {
      yield* this.#folder.remove(this.#name);
    } catch (error) {
      // Nobody reads it: it is removed when the replica is opened.
      if (!isFailed(error) || error.code === "cancelled") throw error;
    }
  }
}

/** Walks one run. */
class RunReader implements RecordSource {
  head: DeltaRecord | undefined;
  readonly #file: File;
  readonly #kernel: Kernel;
  readonly #name: string;
  readonly #run: Run;
  #page: IndexPage | undefined;
  #place = 0;
  /** Records in the pages read so far. */
  #read = 0;

  constructor(file: File, kernel: Kernel, name: string, run: Run) {
    this.#file = file;
    this.#kernel = kernel;
    this.#name = name;
    this.#run = run;
  }

  advance(): boolean {
    const page = this.#page;
    if (page === undefined) return false;
    while (this.#place < page.count) {
      const record = page.entry(this.#place++);
      if (record.offset > this.#run.limit) continue;
      this.head = record;
      return true;
    }
    return false;
  }

  *load(): Task<void> {
    do {
      this.head = undefined;
      this.#page = undefined;
      if (this.#read === this.#run.count) return;
      const count = Math.min(RUN_PAGE_RECORDS, this.#run.count - this.#read);
      this.#page = yield* this.#readPage(count);
      this.#place = 0;
      this.#read += count;
    } while (!this.advance());
  }

  *#readPage(count: number): Task<IndexPage> {
    const at = this.#run.at + (this.#read / RUN_PAGE_RECORDS) * PAGE_SIZE;
    const length = CHECKSUM_SIZE + count * ENTRY_SIZE;
    let bytes: Uint8Array;
    try {
      bytes = yield* this.#file.read(at, length);
    } catch (error) {
      if (isFailed(error, "latent-sector")) throw this.#damaged();
      throw error;
    }
    const records = bytes.subarray(CHECKSUM_SIZE);
    const checksum = new ByteReader(bytes).u64();
    if (bytes.length !== length || this.#kernel.checksum(records) !== checksum) {
      throw this.#damaged();
    }
    return new IndexPage(records);
  }

  /** The delta is sent anew then: whoever seals it learns that it is damaged. */
  #damaged(): Failed {
    return damaged(this.#name, "has a page that is not what its checksum says");
  }
}
