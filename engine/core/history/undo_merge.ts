/**
 * Several undo files in a row as one (R7): what leads from the newest of them back past all others.
 *
 * Rule: where they overlap the oldest contents win. No more at once than pages fit into the cache
 * (`HistoryBounds.mergedAtOnce`), whatever they hold.
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";
import type { ExtentFile } from "./extent_file.ts";
import type { IndexEntry } from "./extent_index.ts";
import type { UndoWriter } from "./undo_file.ts";

/** Writes what `files`, oldest first, are together. */
export function* mergeUndos(writer: UndoWriter, files: readonly ExtentFile[]): Task<void> {
  const pieces = joined(files.map((file) => new Cursor(file)));
  yield* pieces.load();
  for (let piece = pieces.piece; piece !== undefined; piece = pieces.piece) {
    yield* pieces.copy(writer, piece.at + piece.length);
    yield* pieces.next();
  }
}

/** Extents in the order of disk and place. */
interface Pieces {
  /** What is left of the extent where the walk stands; `undefined` at the end. */
  readonly piece: IndexEntry | undefined;
  /** Goes to the first extent. */
  load(): Task<void>;
  /** Goes on behind the piece. */
  next(): Task<void>;
  /** Skips everything of `disk` before `at`. */
  skipTo(disk: number, at: number): Task<void>;
  /** Copies the piece, up to byte `end` of its disk. */
  copy(writer: UndoWriter, end: number): Task<void>;
}

/** `list`, oldest first, as one: a tree, so that a piece costs a few comparisons. */
function joined(list: readonly Pieces[]): Pieces {
  if (list.length === 1) return list[0] as Pieces;
  const half = list.length >> 1;
  return new Overlaid(joined(list.slice(0, half)), joined(list.slice(half)));
}

/** Two in order; where they overlap the older contents win. */
class Overlaid implements Pieces {
  piece: IndexEntry | undefined;
  readonly #older: Pieces;
  readonly #newer: Pieces;
  #source: Pieces;

  constructor(older: Pieces, newer: Pieces) {
    this.#older = older;
    this.#newer = newer;
    this.#source = older;
  }

  *load(): Task<void> {
    yield* this.#older.load();
    yield* this.#newer.load();
    this.#choose();
  }

  #choose(): void {
    const [older, newer] = [this.#older.piece, this.#newer.piece];
    if (newer === undefined || (older !== undefined && !startsBefore(newer, older))) {
      this.piece = older;
      this.#source = this.#older;
      return;
    }
    // Only as far as the older one has nothing to say.
    const end = newer.at + newer.length;
    const own = older?.disk === newer.disk ? Math.min(end, older.at) : end;
    this.piece = { ...newer, length: own - newer.at };
    this.#source = this.#newer;
  }

  *next(): Task<void> {
    const { disk, at, length } = this.piece as IndexEntry;
    yield* this.skipTo(disk, at + length);
  }

  *skipTo(disk: number, at: number): Task<void> {
    yield* this.#older.skipTo(disk, at);
    yield* this.#newer.skipTo(disk, at);
    this.#choose();
  }

  copy(writer: UndoWriter, end: number): Task<void> {
    return this.#source.copy(writer, end);
  }
}

function startsBefore(one: IndexEntry, other: IndexEntry): boolean {
  return one.disk < other.disk || (one.disk === other.disk && one.at < other.at);
}

/** Walks the entries of an undo file; the front of an entry can be skipped. */
class Cursor implements Pieces {
  piece: IndexEntry | undefined;
  readonly #file: ExtentFile;
  #page = 0;
  #place = 0;

  constructor(file: ExtentFile) {
    this.#file = file;
  }

  *load(): Task<void> {
    this.piece = undefined;
    if (this.#page >= this.#file.pages) return;
    const page = yield* this.#file.page(this.#page);
    this.piece = page.entry(this.#place);
  }

  *next(): Task<void> {
    const page = yield* this.#file.page(this.#page);
    this.#place++;
    if (this.#place === page.count) {
      this.#page++;
      this.#place = 0;
    }
    yield* this.load();
  }

  *skipTo(disk: number, at: number): Task<void> {
    for (;;) {
      const piece = this.piece;
      if (piece === undefined || piece.disk !== disk || piece.at >= at) return;
      const cut = at - piece.at;
      if (cut < piece.length) {
        const { length, skip } = piece;
        this.piece = { ...piece, at, length: length - cut, skip: skip + cut };
        return;
      }
      yield* this.next();
    }
  }

  *copy(writer: UndoWriter, end: number): Task<void> {
    const piece = this.piece as IndexEntry;
    const length = end - piece.at;
    if (piece.kind === "zero") return yield* writer.addZero(piece.disk, piece.at, length);
    const content = yield* this.#file.content(piece);
    yield* writer.add(piece.disk, piece.at, content.subarray(0, length));
  }
}
