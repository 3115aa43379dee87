/**
 * The final extents of a delta: sorted, without overlap, the later record of a block winning (R2).
 *
 * Rule: it takes records by disk and place and keeps only those that may still show: as many as an
 * extent has blocks, however often a block was sent. It does not know files.
 *
 * @module
 */

import type { IndexEntry } from "./extent_index.ts";
import type { DeltaRecord } from "./record_buffer.ts";

/** Records in, final extents out. */
export class FinalExtents {
  /** Those that reach over `#place` or beyond: the latest first, each ending after the one before. */
  readonly #open: DeltaRecord[] = [];
  #disk = 0;
  #place = 0;

  /** Takes the next record; returns the extents that are final now. */
  add(record: DeltaRecord): IndexEntry[] {
    const final: IndexEntry[] = [];
    if (record.disk !== this.#disk) {
      this.#endBy(Infinity, final);
      this.#disk = record.disk;
    }
    this.#endBy(record.at, final);
    const top = this.#open[0];
    if (top === undefined) this.#place = record.at;
    else if (record.offset > top.offset) this.#show(top, record.at, final);
    this.#insert(record);
    return final;
  }

  /** No record comes any more: what was open is final. */
  finish(): IndexEntry[] {
    const final: IndexEntry[] = [];
    this.#endBy(Infinity, final);
    return final;
  }

  /** Ends the records that end by `at`. */
  #endBy(at: number, final: IndexEntry[]): void {
    for (;;) {
      const top = this.#open[0];
      if (top === undefined || endOf(top) > at) return;
      this.#show(top, endOf(top), final);
      this.#open.shift();
    }
  }

  /** The record on top shows from the place where the walk stands up to `end`. */
  #show(top: DeltaRecord, end: number, final: IndexEntry[]): void {
    if (end === this.#place) return;
    const { disk, kind, offset, stored, checksum } = top;
    const at = this.#place;
    const skip = at - top.at;
    const length = end - at;
    final.push({ disk, at, length, kind, offset, stored, whole: top.length, skip, checksum });
    this.#place = end;
  }

  #insert(record: DeltaRecord): void {
    const open = this.#open;
    const end = endOf(record);
    let later = 0;
    for (; later < open.length; later++) {
      const other = open[later] as DeltaRecord;
      if (other.offset < record.offset) break;
      // A later one covers all of it.
      if (endOf(other) >= end) return;
    }
    let covered = later;
    while (covered < open.length && endOf(open[covered] as DeltaRecord) <= end) covered++;
    open.splice(later, covered - later, record);
  }
}

function endOf(record: DeltaRecord): number {
  return record.at + record.length;
}
