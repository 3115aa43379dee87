/**
 * Several sorted walks of records as one.
 *
 * Rule: it holds one record of each; where they come from is the sources' matter.
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";
import type { DeltaRecord, RecordSource } from "./record_buffer.ts";

/** The records of all sources by disk, place and arrival. */
export class MergedRecords implements RecordSource {
  /** A heap of the sources that are not at their end; the least record is the first one's. */
  readonly #heap: RecordSource[] = [];

  /** Loads the first record of every source. */
  static *open(sources: readonly RecordSource[]): Task<MergedRecords> {
    const merged = new MergedRecords();
    for (const source of sources) {
      if (source.head === undefined) yield* source.load();
      if (source.head !== undefined) merged.#push(source);
    }
    return merged;
  }

  get head(): DeltaRecord | undefined {
    return this.#heap[0]?.head;
  }

  advance(): boolean {
    const source = this.#heap[0];
    if (source === undefined) return true;
    if (!source.advance()) return false;
    this.#settle();
    return true;
  }

  *load(): Task<void> {
    const source = this.#heap[0];
    if (source === undefined) return;
    yield* source.load();
    this.#settle();
  }

  #push(source: RecordSource): void {
    let at = this.#heap.push(source) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = this.#heap[parent] as RecordSource;
      if (!before(source, above)) break;
      this.#heap[at] = above;
      at = parent;
    }
    this.#heap[at] = source;
  }

  /** The first source has gone on: brings the least record to the top again. */
  #settle(): void {
    const heap = this.#heap;
    if (heap[0]?.head === undefined) {
      const last = heap.pop();
      if (heap.length === 0 || last === undefined) return;
      heap[0] = last;
    }
    const source = heap[0] as RecordSource;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, heap[child] as RecordSource)) child++;
      if (!before(heap[child] as RecordSource, source)) break;
      heap[at] = heap[child] as RecordSource;
      at = child;
    }
    heap[at] = source;
  }
}

function before(left: RecordSource, right: RecordSource): boolean {
  const one = left.head as DeltaRecord;
  const other = right.head as DeltaRecord;
  if (one.disk !== other.disk) return one.disk < other.disk;
  return one.at !== other.at ? one.at < other.at : one.offset < other.offset;
}
