/**
 * The header of a `.hrl`, kept twice: whose disk it is, what the bits are relative to, and whether
 * the file was closed cleanly.
 *
 * | at   | bytes | field                                                                   |
 * |------|-------|-------------------------------------------------------------------------|
 * | 0    | 8     | XXH3-64 of bytes 8 to 4095                                              |
 * | 8    | 8     | "WARMHRL" and a zero byte                                               |
 * | 16   | 4     | version, 1                                                              |
 * | 20   | 4     | flags: 1 open, 2 issued ids were dropped, 4 the stamp can tell changes, |
 * |      |       | 8 every block is suspected whatever the pages say                       |
 * | 24   | 8     | sequence: of two sound copies the higher counts                         |
 * | 32   | 16    | machine                                                                 |
 * | 48   | 4     | index of the disk                                                       |
 * | 52   | 4     | block size                                                              |
 * | 56   | 4     | region size                                                             |
 * | 60   | 4     | slots of the activity log                                               |
 * | 64   | 8     | size of the disk                                                        |
 * | 72   | 8     | first ring sequence that counts                                         |
 * | 80   | 8     | ring sequence known durable when this was written                       |
 * | 88   | 4     | base: 0 none, 1 seed, 2 point                                           |
 * | 92   | 4     | number of issued ids                                                    |
 * | 96   | 16    | base id                                                                 |
 * | 112  | 8     | stamp: size                                                             |
 * | 120  | 3×256 | stamp: device, inode, time of change; each two bytes length, then UTF-8 |
 * | 1024 | 64×16 | issued ids, oldest first                                                |
 *
 * @module
 */

import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { ISSUED_MAX } from "../base/limits.ts";
import { fromHex, type MachineId, type PointId, type SeedId, toHex } from "../base/units.ts";
import { decodeUtf8, encodeUtf8 } from "../base/utf8.ts";
import { isGeometry } from "../block/geometry.ts";
import type { Kernel } from "../ports/codec.ts";
import type { DiskIdentity } from "../ports/disk.ts";
import { HEADER_SIZE, SEQUENCE_MAX } from "./hrl_layout.ts";
import type { TrackingBase } from "./tracking_base.ts";

/** The version of the format that this file reads and writes. */
export const HRL_VERSION = 1;

const MAGIC = [0x57, 0x41, 0x52, 0x4d, 0x48, 0x52, 0x4c, 0];
const MAGIC_BYTES = Uint8Array.from(MAGIC);
const STAMP_TEXT_MAX = 254;
const [DEVICE_AT, INODE_AT, CHANGED_AT] = [120, 376, 632] as const;
const ISSUED_AT = 1024;

/** What one header copy says. */
export interface HrlHeader {
  /** Of two sound copies the higher counts. */
  readonly sequence: number;
  /** Not closed cleanly, or not yet. */
  readonly open: boolean;
  readonly machine: MachineId;
  readonly disk: number;
  readonly blockSize: number;
  readonly regionSize: number;
  readonly slots: number;
  readonly diskSize: number;
  /** Records with a lower sequence are of an earlier run and no longer count. */
  readonly logFrom: number;
  /** A record sequence that was durable when this header was written. */
  readonly logDurable: number;
  readonly base: TrackingBase;
  readonly issued: readonly PointId[];
  /** More ids were issued since the base than there is room for. */
  readonly issuedLost: boolean;
  /** The disk at the clean stop; while open its time of change is the latest that writes of ours have. */
  readonly stamp: DiskIdentity;
  /** Every block is suspected, and the pages do not say so yet. */
  readonly whole: boolean;
}

/** `header` as bytes, checksummed. */
export function encodeHeader(kernel: Kernel, header: HrlHeader): Uint8Array {
  return new HeaderImage(kernel).encode(header);
}

/**
 * The bytes of one header after the other. A disk that is written to says a new time of change each second
 * and nothing else, so only what moves all the time is encoded anew where all the rest is as it was: the ids
 * alone cost more than everything else that a heartbeat does.
 *
 * Rule: the bytes are those that a header encoded from nothing has. There is one buffer: what was
 * encoded is on its way to the file no more when the next one is.
 */
export class HeaderImage {
  readonly #kernel: Kernel;
  readonly #writer = new ByteWriter(HEADER_SIZE);
  readonly #content = this.#writer.bytes.subarray(8);
  #header: HrlHeader | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** `header` as bytes, checksummed, until the next call. */
  encode(header: HrlHeader): Uint8Array {
    const writer = this.#writer;
    const before = this.#header;
    const rests = before !== undefined && sameButMoving(before, header);
    if (!rests) {
      this.#content.fill(0);
      writeResting(writer, header);
    }
    if (!rests || before.stamp.changed !== header.stamp.changed) {
      writeText(writer, CHANGED_AT, header.stamp.changed);
    }
    writeMoving(writer, header);
    this.#header = header;
    writer.seek(0).u64(this.#kernel.checksum(this.#content));
    return writer.bytes;
  }
}

/** Whether two headers differ at most in what `writeMoving` writes and in the time of change. */
function sameButMoving(one: HrlHeader, other: HrlHeader): boolean {
  const { device, inode, size } = one.stamp;
  return one.machine === other.machine && one.disk === other.disk &&
    one.blockSize === other.blockSize && one.regionSize === other.regionSize &&
    one.slots === other.slots && one.diskSize === other.diskSize && one.base === other.base &&
    one.issued === other.issued && device === other.stamp.device &&
    inode === other.stamp.inode && size === other.stamp.size;
}

/** What few headers change. */
function writeResting(writer: ByteWriter, header: HrlHeader): void {
  const { base, stamp } = header;
  writer.seek(8).raw(MAGIC_BYTES).u32(HRL_VERSION);
  writer.seek(32).raw(idBytes(header.machine)).u32(header.disk);
  writer.u32(header.blockSize).u32(header.regionSize).u32(header.slots).safe64(header.diskSize);
  writer.seek(88).u32(base.kind === "none" ? 0 : base.kind === "seed" ? 1 : 2);
  writer.u32(header.issued.length);
  if (base.kind !== "none") writer.raw(idBytes(base.kind === "seed" ? base.seed : base.point));
  writer.seek(112).safe64(stamp.size);
  writeText(writer, DEVICE_AT, stamp.device);
  writeText(writer, INODE_AT, stamp.inode);
  writer.seek(ISSUED_AT);
  for (const point of header.issued) writer.raw(idBytes(point));
}

/** What a heartbeat changes, but for the time of change. */
function writeMoving(writer: ByteWriter, header: HrlHeader): void {
  writer.seek(20).u32(
    (header.open ? 1 : 0) | (header.issuedLost ? 2 : 0) | (header.stamp.stamped ? 4 : 0) |
      (header.whole ? 8 : 0),
  );
  writer.safe64(header.sequence);
  writer.seek(72).safe64(header.logFrom).safe64(header.logDurable);
}

/** A text of the stamp, with zeros behind it. */
function writeText(writer: ByteWriter, at: number, text: string): void {
  writer.bytes.fill(0, at, at + 2 + STAMP_TEXT_MAX);
  if (writeAscii(writer.seek(at), text)) return;
  const bytes = encodeUtf8(text).subarray(0, STAMP_TEXT_MAX);
  writer.seek(at).u16(bytes.length).raw(bytes);
}

/** The same for digits and the like, without bytes of its own. False, with some of it written, where it is anything else. */
function writeAscii(writer: ByteWriter, text: string): boolean {
  if (text.length > STAMP_TEXT_MAX) return false;
  writer.u16(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) return false;
    writer.u8(code);
  }
  return true;
}

/** What a header copy spells: a header, one of another version, or damage. */
export type DecodedHeader = HrlHeader | "damaged" | "other-version";

/** Reads a header copy that nobody has checked. */
export function decodeHeader(kernel: Kernel, bytes: Uint8Array): DecodedHeader {
  if (bytes.length !== HEADER_SIZE) return "damaged";
  const reader = new ByteReader(bytes);
  if (reader.u64() !== kernel.checksum(bytes.subarray(8))) return "damaged";
  const magic = reader.bytes(8);
  if (!MAGIC.every((byte, at) => magic[at] === byte)) return "damaged";
  if (reader.u32() !== HRL_VERSION) return "other-version";
  const flags = reader.u32();
  const sequence = reader.safe64();
  const machine = toHex(reader.bytes(16)) as MachineId;
  const disk = reader.u32();
  const blockSize = reader.u32();
  const regionSize = reader.u32();
  const slots = reader.u32();
  const diskSize = reader.safe64();
  const logFrom = reader.safe64();
  const logDurable = reader.safe64();
  const baseKind = reader.u32();
  const issuedCount = reader.u32();
  const baseId = toHex(reader.bytes(16));
  const size = reader.safe64();
  const texts = [DEVICE_AT, INODE_AT, CHANGED_AT].map((at) => stampText(bytes, at));
  if (!reader.ok || issuedCount > ISSUED_MAX || baseKind > 2) return "damaged";
  if (!isGeometry(blockSize, regionSize) || slots === 0 || slots > 1 << 20) return "damaged";
  if (Math.max(sequence, logFrom, logDurable) > SEQUENCE_MAX) return "damaged";
  const base: TrackingBase = baseKind === 0
    ? { kind: "none" }
    : baseKind === 1
    ? { kind: "seed", seed: baseId as SeedId }
    : { kind: "point", point: baseId as PointId };
  const issued: PointId[] = [];
  for (let index = 0; index < issuedCount; index++) {
    const at = ISSUED_AT + 16 * index;
    issued.push(toHex(bytes.subarray(at, at + 16)) as PointId);
  }
  const [device = "", inode = "", changed = ""] = texts;
  const stamp = { device, inode, size, changed, stamped: (flags & 4) !== 0 };
  return {
    sequence,
    open: (flags & 1) !== 0,
    machine,
    disk,
    blockSize,
    regionSize,
    slots,
    diskSize,
    logFrom,
    logDurable,
    base,
    issued,
    issuedLost: (flags & 2) !== 0,
    stamp,
    whole: (flags & 8) !== 0,
  };
}

/** True when two stamps name the same disk, of the same size or not, changed or not (T6). */
export function sameDisk(left: DiskIdentity, right: DiskIdentity): boolean {
  return left.stamped === right.stamped && cut(left.device) === cut(right.device) &&
    cut(left.inode) === cut(right.inode);
}

/** A stamp's text as a header can hold it. */
function cut(text: string): string {
  return decodeUtf8(encodeUtf8(text).slice(0, STAMP_TEXT_MAX)) ?? "";
}

function stampText(bytes: Uint8Array, at: number): string {
  const reader = new ByteReader(bytes, at, at + 256);
  return decodeUtf8(reader.bytes(reader.u16())) ?? "";
}

function idBytes(id: string): Uint8Array {
  const known = fromHex(id);
  if (known?.length === 16) return known;
  const bytes = new Uint8Array(16);
  if (known !== undefined) bytes.set(known.subarray(0, 16));
  return bytes;
}
