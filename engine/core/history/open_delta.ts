/**
 * A delta that is being staged: `staging/<id>.open`, appended record by record, until it is sealed
 * into `staging/<point>.delta` (R1, R2).
 *
 * Rule: only this file has a tail that may be cut. After a failed write or flush the delta goes back
 * to its durable prefix, for nothing after that is known to be there. It does not know which points
 * are listed.
 *
 * @module
 */
// Long because: every way in which the one appended file changes stands in one place, beside
// what a crash leaves of it.

import { brokenProtocol, localFailure, peerFailure } from "../base/failure.ts";
import { toHex } from "../base/units.ts";
import type { Kernel } from "../ports/codec.ts";
import type { File, Folder } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import { chainDigest, emptyChain, payloadDigest } from "../wire/chain.ts";
import type { StagedExtent } from "../wire/extent.ts";
import { deltaBytesMax } from "./bounds.ts";
import { DeltaRecords } from "./delta_records.ts";
import type { ExtentContext, ExtentFile } from "./extent_file.ts";
import { ExtentFileWriter } from "./extent_file_writer.ts";
import { FileAppender } from "./file_appender.ts";
import type { DeltaRecord } from "./record_buffer.ts";
import { pointJson, type PointRecord } from "./recovery_point.ts";
import { openDeltaFile } from "./sealed_delta.ts";
import {
  decodeStagingHeader,
  encodeRecord,
  encodeStagingHeader,
  RECORD_OVERHEAD,
  RecordScanner,
  STAGING_HEADER_SIZE,
  type StagingHeader,
} from "./staging_record.ts";

/** How far a delta has got. */
export interface Progress {
  readonly records: number;
  readonly end: number;
  readonly chain: Uint8Array;
  /** How often the delta had gone back then. */
  readonly rewinds: number;
}

/** One unsealed delta. Its calls do not overlap: the store sees to that. */
export class OpenDelta {
  /** What the file says about itself. */
  readonly header: StagingHeader;
  /** Bytes that a power loss left after the last sound record, cut when the delta was opened. */
  readonly cut: number;
  /** The name it has in the folder: `<id>.open`, `<point>.delta` once it was sealed. */
  name: string;
  readonly #folder: Folder;
  readonly #pageEntries: number;
  readonly #kernel: Kernel;
  readonly #file: File;
  readonly #appender: FileAppender;
  /** Where records are remembered for the seal. */
  readonly #records: DeltaRecords;
  #count: number;
  #chain: Uint8Array;
  #durable: Progress;
  /** The file may hold more than is durable: the next call cuts it first. */
  #dirtyTail = false;
  /** Counts the times that it went back: what was appended before is not there any more. */
  #rewinds = 0;
  /** Bytes that the file may have. */
  readonly #context: ExtentContext;
  #overfull = false;
  #sealed: PointRecord | undefined;

  private constructor(
    context: ExtentContext,
    folder: Folder,
    file: File,
    header: StagingHeader,
    records: DeltaRecords,
    durable: Progress,
    cut: number,
  ) {
    this.#pageEntries = context.cache.bounds.pageEntries;
    this.#folder = folder;
    this.#kernel = context.codec.kernel;
    this.#file = file;
    this.header = header;
    this.name = openName(header.id);
    this.#records = records;
    this.#count = durable.records;
    this.#chain = durable.chain;
    this.#durable = durable;
    this.cut = cut;
    this.#appender = new FileAppender(file, durable.end);
    this.#context = context;
  }

  /** Records appended, durable or not. */
  get records(): number {
    return this.#count;
  }

  /** Records that a power loss leaves. */
  get durable(): number {
    return this.#durable.records;
  }

  /** True once a record was refused for size: the delta can only be begun anew. */
  get overfull(): boolean {
    return this.#overfull;
  }

  /** True when the file `name` is this delta's. */
  owns(name: string): boolean {
    return name === this.name || name === runsName(this.header.id);
  }

  /** True once it has the name of a point; only sealing again or dropping is left then. */
  get sealed(): boolean {
    return this.#sealed !== undefined;
  }

  /** The point that it was sealed as. */
  get sealedAs(): PointRecord | undefined {
    return this.#sealed;
  }

  /** The chain digest over all records appended. */
  get chain(): Uint8Array {
    return this.#chain;
  }

  /** Begins a delta. Crash before the folder's flush: there is no delta, or an empty one. */
  static *create(
    context: ExtentContext,
    folder: Folder,
    header: StagingHeader,
  ): Task<OpenDelta> {
    const file = yield* folder.open(openName(header.id), { create: true, truncate: true });
    try {
      yield* file.write(0, encodeStagingHeader(context.codec.kernel, header));
      yield* file.flush();
      yield* folder.flush();
    } catch (error) {
      yield* file.close();
      throw error;
    }
    const start = { records: 0, end: STAGING_HEADER_SIZE, chain: emptyChain(), rewinds: 0 };
    const records = new DeltaRecords(context, folder, runsName(header.id));
    return new OpenDelta(context, folder, file, header, records, start, 0);
  }

  /**
   * Opens what a crash left of `name`: counts sound records, recomputes the chain, cuts the tail.
   * `undefined` when not even the header is sound. What was read is flushed before it is counted:
   * after a kill it may be in the kernel only.
   */
  static *resume(
    context: ExtentContext,
    folder: Folder,
    name: string,
  ): Task<OpenDelta | undefined> {
    const { kernel } = context.codec;
    const file = yield* folder.open(name);
    let records: DeltaRecords | undefined;
    try {
      const head = yield* file.read(0, STAGING_HEADER_SIZE);
      const header = decodeStagingHeader(kernel, head);
      if (header === undefined || openName(header.id) !== name) {
        yield* file.close();
        return undefined;
      }
      records = new DeltaRecords(context, folder, runsName(header.id));
      const durable = yield* readRecords(context, file, header, records);
      const cut = file.size - durable.end;
      if (cut > 0) yield* file.truncate(durable.end);
      yield* file.flush();
      return new OpenDelta(context, folder, file, header, records, durable, cut);
    } catch (error) {
      yield* file.close();
      if (records !== undefined) yield* records.close();
      throw error;
    }
  }

  /**
   * Appends a record whose payload has `digest`; it is in the kernel or in the write buffer, and
   * durable after `flush`.
   */
  *append(extent: StagedExtent, digest: Uint8Array): Task<void> {
    yield* this.#cutTail();
    const bytes = encodeRecord(this.#kernel, extent, this.records, this.header.salt);
    this.#checkRoom(bytes.length);
    const payloadAt = this.#appender.position + RECORD_OVERHEAD;
    // Crash here: the record is torn or whole; opening finds out by its checksum (R1).
    yield* this.#guarded(this.#appender.append(bytes));
    yield* this.#guarded(this.#records.add(recordOf(extent, payloadAt)));
    this.#count++;
    this.#chain = chainDigest(this.#kernel, this.#chain, extent, digest);
  }

  /** Refuses a record of `length` bytes that no honest delta of these disks has. */
  #checkRoom(length: number): void {
    // Disks may grow while it goes on over several cuts.
    const { sizes, blockSize, cache } = this.#context;
    const most = deltaBytesMax(sizes, blockSize, RECORD_OVERHEAD, cache.bounds);
    if (this.#appender.position + length <= most) return;
    this.#overfull = true;
    throw localFailure(
      "no-space",
      `Delta "${this.header.id}" would be longer than the ${most} bytes that its disks allow`,
      "It is begun anew by itself; give the link more bandwidth if that happens again",
    );
  }

  /** Makes every record durable; returns how many there are. */
  *flush(): Task<number> {
    const reached = yield* this.drain();
    yield* this.#guarded(this.flushFile());
    this.reached(reached);
    return this.#durable.records;
  }

  /** Puts every record into the kernel; returns what a flush of the file makes durable. */
  *drain(): Task<Progress> {
    yield* this.#cutTail();
    yield* this.#guarded(this.#appender.drain());
    const end = this.#appender.position;
    return { records: this.records, end, chain: this.#chain, rewinds: this.#rewinds };
  }

  /** Flushes the file. Records may be appended meanwhile; when it fails, `rewind` is due. */
  flushFile(): Task<void> {
    return this.#file.flush();
  }

  /** What `drain` returned is durable, unless the delta went back since. */
  reached(progress: Progress): void {
    if (progress.rewinds === this.#rewinds) this.#durable = progress;
  }

  /** Goes back to the durable prefix when `task` fails. */
  *#guarded<T>(task: Task<T>): Task<T> {
    let done = false;
    try {
      const value = yield* task;
      done = true;
      return value;
    } finally {
      if (!done) this.rewind();
    }
  }

  /** Forgets what is not durable. */
  rewind(): void {
    this.#records.rewind(this.#durable.end);
    this.#count = this.#durable.records;
    this.#chain = this.#durable.chain;
    this.#appender.rewind(this.#durable.end);
    this.#dirtyTail = true;
    this.#rewinds++;
    this.#durable = { ...this.#durable, rewinds: this.#rewinds };
  }

  *#cutTail(): Task<void> {
    if (!this.#dirtyTail) return;
    if (this.#file.size > this.#durable.end) yield* this.#file.truncate(this.#durable.end);
    this.#dirtyTail = false;
  }

  /** Throws unless the delta has exactly these records (R1, R2). */
  check(records: number, digest: Uint8Array): void {
    if (records !== this.records) {
      throw brokenProtocol(
        `Delta "${this.header.id}" has ${this.records} records here and ${records} at the peer`,
      );
    }
    if (toHex(digest) !== toHex(this.#chain)) {
      throw peerFailure(
        "damaged",
        `Delta "${this.header.id}" does not have the digest that the peer says`,
        "Check the memory of both servers",
      );
    }
  }

  /**
   * Seals the delta as `point` (R1). Sealing again after a failure goes on where it stood. Crash
   * before the rename is durable: the delta is open, its tail after the last record is cut. After
   * it: the file is sealed, and whoever opens the replica finds it complete.
   */
  *seal(point: Omit<PointRecord, "bytes">): Task<PointRecord> {
    const sealed = this.#sealed ?? (yield* this.#sealAs(point));
    if (sealed.id !== point.id) {
      throw localFailure(
        "wrong-state",
        `Delta "${this.header.id}" is sealed as another point`,
        "Nothing, if the next cycle succeeds: it begins another delta. Otherwise restart this server",
      );
    }
    yield* this.#folder.flush();
    return sealed;
  }

  *#sealAs(point: Omit<PointRecord, "bytes">): Task<PointRecord> {
    const name = `${point.id}.delta`;
    yield* this.flush();
    const sealed = yield* this.#guarded(this.#writeEnd(point));
    yield* this.#folder.rename(this.name, name);
    this.#sealed = sealed;
    this.name = name;
    return sealed;
  }

  *#writeEnd(point: Omit<PointRecord, "bytes">): Task<PointRecord> {
    const writer = new ExtentFileWriter(this.#appender, this.#kernel, this.#pageEntries);
    let bytes = 0;
    yield* this.#records.finalExtents((extent) => {
      bytes += extent.length;
      return writer.add(extent);
    });
    const sealed = { ...point, bytes };
    const { machine, id } = this.header;
    const metadata = {
      machine,
      delta: id,
      point: pointJson(sealed),
      records: this.records,
      digest: toHex(this.#chain),
    };
    yield* writer.finish(metadata, this.#durable.end);
    yield* this.#file.flush();
    // Should the rename fail, the delta is open again and its end is a tail to cut.
    this.rewind();
    return sealed;
  }

  /** The sealed file as everybody reads it from here on, on a handle of its own. */
  *reopen(context: ExtentContext): Task<ExtentFile> {
    const file = yield* openDeltaFile(context, this.#folder, this.name);
    if (typeof file === "string") throw localFailure("damaged", file, "Check the disk under it");
    return file;
  }

  /** Gives the file back. */
  *close(): Task<void> {
    yield* this.#file.close();
    yield* this.#records.close();
  }
}

/** The name of the file of an unsealed delta. */
export function openName(id: string): string {
  return `${id}.open`;
}

/** The name of the file for those of its records that memory has no room for. */
function runsName(id: string): string {
  return `${id}.runs`;
}

/** Reads what is sound of a staging file into `records`. */
function* readRecords(
  context: ExtentContext,
  file: File,
  header: StagingHeader,
  records: DeltaRecords,
): Task<Progress> {
  const { codec } = context;
  const scanner = new RecordScanner(codec.kernel, file, header.salt, file.size);
  let chain = emptyChain();
  for (let extent = yield* scanner.next(); extent; extent = yield* scanner.next()) {
    yield* records.add(recordOf(extent, scanner.at - extent.payload.length));
    chain = chainDigest(codec.kernel, chain, extent, yield* payloadDigest(codec, extent));
  }
  return { records: scanner.count, end: scanner.at, chain, rewinds: 0 };
}

function recordOf(extent: StagedExtent, offset: number): DeltaRecord {
  const { disk, at, length, kind, payload, checksum } = extent;
  return { disk, at, length, kind, offset, stored: payload.length, checksum };
}
