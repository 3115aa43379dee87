/**
 * The records of an open delta and their final extents: sorted, without overlap, the later record of a
 * block winning (R2).
 *
 * Rule: any number of records in bounded memory: the newest in a buffer, the others in sorted runs.
 *
 * @module
 */

import type { Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import type { ExtentContext } from "./extent_file.ts";
import type { IndexEntry } from "./extent_index.ts";
import { FinalExtents } from "./final_extents.ts";
import { MergedRecords } from "./merged_records.ts";
import { type DeltaRecord, RecordBuffer } from "./record_buffer.ts";
import { RecordRuns } from "./record_runs.ts";

/** What keeping records needs of an `ExtentContext`. */
type RecordsContext = Pick<ExtentContext, "codec" | "cache" | "blockSize">;

/** Records in the order of arrival. */
export class DeltaRecords {
  readonly #buffer: RecordBuffer;
  readonly #runs: RecordRuns;

  /** `name` is that of the file for what does not fit into memory. */
  constructor(context: RecordsContext, folder: Folder, name: string) {
    const { recordsInMemory, runsMerged } = context.cache.bounds;
    this.#buffer = new RecordBuffer(context.blockSize, recordsInMemory);
    this.#runs = new RecordRuns(folder, name, context.codec.kernel, runsMerged);
  }

  /** Adds the next record. After a failure it is not there, and all others are. */
  *add(record: DeltaRecord): Task<void> {
    if (this.#buffer.full) {
      yield* this.#runs.write(this.#buffer.sorted(), this.#buffer.first);
      this.#buffer.clear();
    }
    this.#buffer.push(record);
  }

  /** Forgets the records whose payload begins after byte `end` of the staging file. */
  rewind(end: number): void {
    this.#buffer.rewind(end);
    this.#runs.rewind(end);
  }

  /** Gives the final extents in order to `take`. Records must not be added meanwhile. */
  *finalExtents(take: (extent: IndexEntry) => Task<void>): Task<void> {
    const sources = [...yield* this.#runs.sources(), this.#buffer.sorted()];
    const records = yield* MergedRecords.open(sources);
    const final = new FinalExtents();
    while (records.head !== undefined) {
      for (const extent of final.add(records.head)) yield* take(extent);
      if (!records.advance()) yield* records.load();
    }
    for (const extent of final.finish()) yield* take(extent);
  }

  /** Gives back what lies outside memory. */
  close(): Task<void> {
    return this.#runs.close();
  }
}
