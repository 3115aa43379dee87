/**
 * Undo files: `undo/<point>.undo` holds, of every block that the delta to `point` changed, the content
 * at the point it leads back to (R3, R5).
 *
 * The file begins with a header of 64 bytes, then come contents and index pages as they arise, sorted,
 * then directory, metadata and trailer as in every extent file:
 *
 * | at | field    | type | meaning                             |
 * |----|----------|------|-------------------------------------|
 * |  0 | magic    | 8    | `WSUNDO01`                          |
 * |  8 | machine  | 16   |                                     |
 * | 24 | point    | 16   | the point whose apply it takes back |
 * | 40 | back     | 16   | the point it leads back to          |
 * | 56 | checksum | u64  | XXH3-64 of the 56 bytes before      |
 *
 * Metadata: `point` and `back` as the state lists them, set digests included, and what the machine is
 * (`replica`), so that the state can be rebuilt from these files (R11).
 *
 * @module
 */

import { ByteWriter } from "../base/bytes.ts";
import { isFailed } from "../base/failure.ts";
import { asObject, type JsonObject } from "../base/json.ts";
import { fromHex, type PointId } from "../base/units.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { Kernel } from "../ports/codec.ts";
import type { File, Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { UNDO_PIECE } from "./bounds.ts";
import { damaged, type ExtentContext, ExtentFile } from "./extent_file.ts";
import { ExtentFileWriter } from "./extent_file_writer.ts";
import { FileAppender } from "./file_appender.ts";
import { pointFrom, pointJson, type PointRecord } from "./recovery_point.ts";
import { retentionText } from "../wire/retention.ts";
import type { StoreState } from "./store_state.ts";

const MAGIC = encodeUtf8("WSUNDO01");
const HEADER_SIZE = 64;

/** What an undo file says about itself. */
export interface UndoMetadata {
  readonly point: PointRecord;
  readonly back: PointRecord;
  readonly replica: JsonObject;
}

/** The name of the undo file of `point`. */
export function undoName(point: PointId): string {
  return `${point}.undo`;
}

/** Writes a new undo file in the order of its extents. */
export class UndoWriter {
  readonly #kernel: Kernel;
  readonly #blockSize: number;
  readonly #file: File;
  readonly #appender: FileAppender;
  readonly #writer: ExtentFileWriter;

  private constructor(file: File, { codec, blockSize, cache }: ExtentContext) {
    this.#kernel = codec.kernel;
    this.#blockSize = blockSize;
    this.#file = file;
    this.#appender = new FileAppender(file, 0);
    this.#writer = new ExtentFileWriter(this.#appender, codec.kernel, cache.bounds.pageEntries);
  }

  /** Begins the file `name`, which replaces one that a crash left. */
  static *create(
    folder: Folder,
    name: string,
    context: ExtentContext,
    machine: string,
    point: PointId,
    back: PointId,
  ): Task<UndoWriter> {
    yield* folder.remove(name);
    const file = yield* folder.open(name, { create: true, truncate: true });
    const writer = new UndoWriter(file, context);
    const head = new ByteWriter(HEADER_SIZE).raw(MAGIC);
    for (const id of [machine, point, back]) head.raw(fromHex(id) ?? new Uint8Array(16));
    head.u64(context.codec.kernel.checksum(head.bytes.subarray(0, HEADER_SIZE - 8)));
    try {
      yield* writer.#appender.append(head.bytes);
    } catch (error) {
      yield* file.close();
      throw error;
    }
    return writer;
  }

  /** Adds the old content of an extent: data in pieces, zeros as metadata. */
  *add(disk: number, at: number, content: Uint8Array): Task<void> {
    const zero = this.#kernel.zeroBlocks(content, this.#blockSize);
    let block = 0;
    while (block < zero.length) {
      const kind = zero[block];
      const most = kind === 1 ? zero.length : block + UNDO_PIECE / this.#blockSize;
      let end = block + 1;
      while (end < zero.length && end < most && zero[end] === kind) end++;
      const from = block * this.#blockSize;
      const piece = content.subarray(from, end * this.#blockSize);
      if (kind === 1) yield* this.addZero(disk, at + from, piece.length);
      else yield* this.#addData(disk, at + from, piece);
      block = end;
    }
  }

  *#addData(disk: number, at: number, piece: Uint8Array): Task<void> {
    const { length } = piece;
    const offset = yield* this.#writer.payload(piece);
    const checksum = this.#kernel.checksum(piece);
    const place = { kind: "raw", offset, stored: length, whole: length, skip: 0 } as const;
    yield* this.#writer.add({ disk, at, length, ...place, checksum });
  }

  /** Adds an extent that was all zeros. */
  *addZero(disk: number, at: number, length: number): Task<void> {
    const place = { kind: "zero", offset: 0, stored: 0, whole: 0, skip: 0 } as const;
    yield* this.#writer.add({ disk, at, length, ...place, checksum: 0n });
  }

  /** Ends the file and makes its contents durable; its name is the caller's matter. */
  *finish(point: PointRecord, back: PointRecord, state: StoreState): Task<void> {
    const replica = replicaJson(state);
    const metadata = { point: pointJson(point), back: pointJson(back), replica };
    yield* this.#writer.finish(metadata);
    yield* this.#file.flush();
  }

  /** Gives the file back. */
  close(): Task<void> {
    return this.#file.close();
  }
}

/** What a state can be rebuilt from, beside the points (R11). */
export function replicaJson(state: StoreState): JsonObject {
  const { machine, name, sizes, generation, places } = state;
  const retention = retentionText(state.retention);
  const { blockSize, regionSize } = state.geometry;
  const geometry = { blockSize, regionSize };
  const adopted = places.length === 0 ? {} : { places };
  return { machine, name, sizes, generation, retention, geometry, ...adopted };
}

/** Opens an undo file, or says in words why it cannot be believed. Errors of the device pass. */
export function* openUndo(
  context: ExtentContext,
  folder: Folder,
  name: string,
  label = `undo/${name}`,
): Task<ExtentFile | string> {
  return yield* openChecked(context, folder, name, label, (file) => {
    if (undoMetadata(file) === undefined) {
      throw damaged(label, "says nothing sensible about itself");
    }
  });
}

/** What `file` says about itself; `undefined` when that is not what an undo file says. */
export function undoMetadata(file: ExtentFile): UndoMetadata | undefined {
  const point = pointFrom(file.metadata["point"]);
  const back = pointFrom(file.metadata["back"]);
  const replica = asObject(file.metadata["replica"]);
  if (point === undefined || back === undefined || replica === undefined) return undefined;
  return { point, back, replica };
}

/** What an undo file says about itself, and whether there is any old content in it. */
export interface FoundUndo extends UndoMetadata {
  /** Its delta changed nothing: the disks are the same before and after it. */
  readonly empty: boolean;
}

/** Every undo file in `folder` that can be believed, in no order. */
export function* readUndos(folder: Folder, context: ExtentContext): Task<FoundUndo[]> {
  const found: FoundUndo[] = [];
  for (const name of yield* folder.list()) {
    if (!name.endsWith(".undo")) continue;
    const file = yield* openUndo(context, folder, name);
    if (typeof file === "string") continue;
    const metadata = undoMetadata(file);
    const empty = file.pages === 0;
    yield* file.retire();
    if (metadata === undefined || undoName(metadata.point.id) !== name) continue;
    found.push({ ...metadata, empty });
  }
  return found;
}

/** Opens a finished file and checks it; damage becomes its description, the handle is closed then. */
export function* openChecked(
  context: ExtentContext,
  folder: Folder,
  name: string,
  label: string,
  check: (file: ExtentFile) => void,
): Task<ExtentFile | string> {
  let handle: File;
  try {
    handle = yield* folder.open(name);
  } catch (error) {
    if (isFailed(error, "not-found")) return `"${label}" is missing`;
    throw error;
  }
  try {
    const file = yield* ExtentFile.open(context, handle, label);
    check(file);
    return file;
  } catch (error) {
    yield* handle.close();
    if (isFailed(error, "damaged", "latent-sector")) return error.failure.message;
    throw error;
  }
}
