/**
 * The staging file's header and records (R1): how a delta lies on disk before it is sealed.
 *
 * Header, 192 bytes at the start of the file:
 *
 * | at  | field      | type | meaning                                    |
 * |-----|------------|------|--------------------------------------------|
 * |   0 | magic      | 8    | `WSDELTA1`                                 |
 * |   8 | version    | u32  | 1                                          |
 * |  12 | salt       | u32  | random; also in every record of this file  |
 * |  16 | machine    | 16   |                                            |
 * |  32 | parent     | 16   | the point it is a delta to                 |
 * |  48 | generation | 16   | in which it is written                     |
 * |  64 | id length  | u8   |                                            |
 * |  65 | id         | 64   | name of the delta                          |
 * | 184 | checksum   | u64  | XXH3-64 of the 184 bytes before            |
 *
 * Record:
 *
 * | at | field    | type | meaning                                          |
 * |----|----------|------|--------------------------------------------------|
 * |  0 | checksum | u64  | XXH3-64 of everything after it in the record     |
 * |  8 | stored   | u32  | bytes of payload                                 |
 * | 12 | number   | u32  | 0, 1, 2, …; its lower half                       |
 * | 16 | salt     | u32  | that of the header                               |
 * | 20 | number   | u32  | its upper half                                   |
 * | 24 | header   | 24   | the record's header as on the wire               |
 * | 48 | payload  |      |                                                  |
 *
 * @module
 */

import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { isFailed } from "../base/failure.ts";
import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import {
  fromHex,
  type GenerationId,
  KiB,
  type MachineId,
  type PointId,
  toHex,
} from "../base/units.ts";
import { decodeUtf8, encodeUtf8 } from "../base/utf8.ts";
import { isName } from "../base/name.ts";
import type { Kernel } from "../ports/codec.ts";
import type { File } from "../ports/folder.ts";
import type { Task } from "../runtime/task.ts";
import {
  decodeExtent,
  RECORD_HEADER_SIZE,
  type StagedExtent,
  writeRecordHeader,
} from "../wire/extent.ts";

/** Bytes of a staging file's header. */
export const STAGING_HEADER_SIZE = 192;
/** Bytes of a record before the header it has on the wire. */
const PREFIX_SIZE = 24;
/** Bytes of a record before its payload. */
export const RECORD_OVERHEAD = PREFIX_SIZE + RECORD_HEADER_SIZE;
/** Read at a time while records are walked: two of the largest. */
const WINDOW = 2 * (EXTENT_SIZE_MAX + KiB);
const MAGIC = encodeUtf8("WSDELTA1");
const VERSION = 1;

/** What a staging file says about itself. */
export interface StagingHeader {
  readonly machine: MachineId;
  readonly id: string;
  readonly parent: PointId;
  readonly generation: GenerationId;
  readonly salt: number;
}

/** The header's bytes. */
export function encodeStagingHeader(kernel: Kernel, header: StagingHeader): Uint8Array {
  const writer = new ByteWriter(STAGING_HEADER_SIZE);
  const id = encodeUtf8(header.id);
  writer.raw(MAGIC).u32(VERSION).u32(header.salt).raw(identityBytes(header.machine))
    .raw(identityBytes(header.parent)).raw(identityBytes(header.generation)).u8(id.length).raw(id);
  const sum = kernel.checksum(writer.bytes.subarray(0, STAGING_HEADER_SIZE - 8));
  return writer.seek(STAGING_HEADER_SIZE - 8).u64(sum).bytes;
}

/** The header that `bytes` spell, or `undefined` when it is torn or strange. */
export function decodeStagingHeader(kernel: Kernel, bytes: Uint8Array): StagingHeader | undefined {
  const reader = new ByteReader(bytes);
  const magic = reader.bytes(MAGIC.length);
  const version = reader.u32();
  const salt = reader.u32();
  const machine = toHex(reader.bytes(16)) as MachineId;
  const parent = toHex(reader.bytes(16)) as PointId;
  const generation = toHex(reader.bytes(16)) as GenerationId;
  const id = decodeUtf8(reader.bytes(reader.u8()));
  if (!reader.ok || bytes.length !== STAGING_HEADER_SIZE) return undefined;
  const sum = new ByteReader(bytes, STAGING_HEADER_SIZE - 8).u64();
  if (kernel.checksum(bytes.subarray(0, STAGING_HEADER_SIZE - 8)) !== sum) return undefined;
  if (magic.some((byte, at) => byte !== MAGIC[at]) || version !== VERSION) return undefined;
  return id !== undefined && isName(id) ? { machine, id, parent, generation, salt } : undefined;
}

/** A random salt for a staging file. */
export function saltFrom(bytes: Uint8Array): number {
  return new ByteReader(bytes).u32();
}

function identityBytes(identity: string): Uint8Array {
  return fromHex(identity) ?? new Uint8Array(16);
}

/** A record's bytes, in one piece. */
export function encodeRecord(
  kernel: Kernel,
  extent: StagedExtent,
  number: number,
  salt: number,
): Uint8Array {
  const writer = new ByteWriter(RECORD_OVERHEAD + extent.payload.length);
  const [low, high] = halves(number);
  writer.u64(0n).u32(extent.payload.length).u32(low).u32(salt).u32(high);
  writeRecordHeader(writer, extent).raw(extent.payload);
  return writer.seek(0).u64(kernel.checksum(writer.bytes.subarray(8))).bytes;
}

function halves(number: number): [number, number] {
  return [number % 0x100000000, Math.floor(number / 0x100000000)];
}

/** Walks the records of a file in the order they were written, checking each. */
export class RecordScanner {
  /** Where the next record begins: after the last sound one. */
  at: number = STAGING_HEADER_SIZE;
  /** Records read. */
  count = 0;
  readonly #kernel: Kernel;
  readonly #file: File;
  readonly #end: number;
  readonly #salt: number;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;

  constructor(kernel: Kernel, file: File, salt: number, end: number) {
    this.#kernel = kernel;
    this.#file = file;
    this.#salt = salt;
    this.#end = end;
  }

  /**
   * The next record; its payload is a view that holds until the next call. `undefined` at the end
   * and at the first record that is torn, damaged or of another file.
   */
  *next(): Task<StagedExtent | undefined> {
    const head = yield* this.#bytes(RECORD_OVERHEAD);
    if (head === undefined) return undefined;
    const reader = new ByteReader(head);
    const sum = reader.u64();
    const stored = reader.u32();
    const low = reader.u32();
    const salt = reader.u32();
    const high = reader.u32();
    if (stored > EXTENT_SIZE_MAX || salt !== this.#salt) return undefined;
    if (low + high * 0x100000000 !== this.count) return undefined;
    const record = yield* this.#bytes(RECORD_OVERHEAD + stored);
    if (record === undefined || this.#kernel.checksum(record.subarray(8)) !== sum) return undefined;
    const extent = decodeExtent(record.subarray(PREFIX_SIZE));
    if ("code" in extent) return undefined;
    this.at += record.length;
    this.count++;
    return extent;
  }

  /** `length` bytes where the scan stands, or `undefined` when the file ends before. */
  *#bytes(length: number): Task<Uint8Array | undefined> {
    if (this.at + length > this.#end) return undefined;
    if (this.at + length > this.#windowAt + this.#window.length) {
      const window = yield* this.#read(Math.min(WINDOW, this.#end - this.at));
      if (window === undefined) return undefined;
      this.#window = window;
      this.#windowAt = this.at;
    }
    const from = this.at - this.#windowAt;
    return from + length <= this.#window.length
      ? this.#window.subarray(from, from + length)
      : undefined;
  }

  /** Bytes that the device cannot give back are as good as torn. */
  *#read(length: number): Task<Uint8Array | undefined> {
    try {
      return yield* this.#file.read(this.at, length);
    } catch (error) {
      if (isFailed(error, "latent-sector")) return undefined;
      throw error;
    }
  }
}
