/**
 * The sectors of which the map of an overlay is made.
 *
 * The file `<name>.map` is made of sectors of 512 bytes, numbers little-endian. Sectors 0 and 1 are two
 * copies of the header, written once:
 *
 * | at  | field    | type | meaning                                  |
 * |-----|----------|------|------------------------------------------|
 * |   0 | magic    | u64  | "WSOVERLY"                               |
 * |   8 | version  | u32  | 1                                        |
 * |  12 | disk     | u32  | index of the disk in its machine         |
 * |  16 | size     | u64  | bytes of the disk, and of the base       |
 * |  24 | cluster  | u32  | bytes of a cluster, a power of two       |
 * |  28 | 0        | u32  |                                          |
 * |  32 | instance | u64  | random, repeated in every page           |
 * |  40 | machine  | 16 B |                                          |
 * |  56 | point    | 16 B | the point whose view is the base         |
 * | 504 | checksum | u64  | XXH3-64 of the 504 bytes before          |
 *
 * Page p describes 1920 clusters; its two copies are sectors 2 + 2p and 3 + 2p:
 *
 * | at | field    | type  | meaning                                                           |
 * |----|----------|-------|-------------------------------------------------------------------|
 * |  0 | checksum | u64   | XXH3-64 of the 504 bytes behind                                   |
 * |  8 | sequence | u64   | from 1; the copy with the higher one counts; its parity is the copy |
 * | 16 | instance | u64   | as in the header                                                  |
 * | 24 | page     | u32   | p                                                                 |
 * | 28 | 0        | u32   |                                                                   |
 * | 32 | states   | 480 B | 2 bits a cluster, lowest first: 0 base, 1 data, 2 zero            |
 *
 * Rule: decoding bounds everything and answers nothing for what makes no sense. It knows no files.
 *
 * @module
 */

import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { DISK_SIZE_MAX, DISKS_MAX } from "../base/limits.ts";
import { fromHex, KiB, type MachineId, MiB, type PointId, toHex } from "../base/units.ts";
import type { Kernel } from "../ports/codec.ts";

/** What a cluster of an overlay is. */
export type ClusterState = "base" | "data" | "zero";

/** Whose overlay it is, and of what. */
export interface OverlayHeader {
  readonly machine: MachineId;
  /** The point whose view is the base. */
  readonly point: PointId;
  /** Index of the disk in its machine. */
  readonly disk: number;
  /** Bytes of the disk. */
  readonly size: number;
  /** Bytes of a cluster. */
  readonly clusterSize: number;
}

/** A page of states, as one of its copies holds it. */
export interface Page {
  /** From 1; the copy with the higher one counts. */
  sequence: number;
  /** Two bits a cluster. */
  readonly states: Uint8Array;
}

const MAGIC = 0x594c5245564f5357n;
const VERSION = 1;
const CHECKED = 504;
const PAGE_HEAD = 32;

/** Bytes of a sector: of a header, and of one copy of a page. */
export const MAP_SECTOR = 512;
/** Clusters that one page describes. */
export const PAGE_CLUSTERS = 1920;
/** States by their two bits. */
export const CLUSTER_STATES: readonly ClusterState[] = ["base", "data", "zero"];

/** True for a cluster size that an overlay may have. */
export function isClusterSize(size: number): boolean {
  return size >= 4 * KiB && size <= 16 * MiB && (size & (size - 1)) === 0;
}

/** Makes slots `[start, end)` of a page `value`. */
export function setStates(states: Uint8Array, start: number, end: number, value: number): void {
  for (let slot = start; slot < end; slot++) {
    if ((slot & 3) === 0 && end - slot >= 4) {
      const whole = (end - slot) >>> 2;
      states.fill(value * 0x55, slot >>> 2, (slot >>> 2) + whole);
      slot += 4 * whole - 1;
      continue;
    }
    const shift = 2 * (slot & 3);
    states[slot >>> 2] = ((states[slot >>> 2] ?? 0) & ~(3 << shift)) | (value << shift);
  }
}

/** Bytes of the whole map. */
export function mapSize(header: OverlayHeader): number {
  const pages = Math.ceil(header.size / header.clusterSize / PAGE_CLUSTERS);
  return (2 + 2 * pages) * MAP_SECTOR;
}

/** A copy of the header. */
export function encodeHeader(kernel: Kernel, header: OverlayHeader, instance: bigint): Uint8Array {
  const writer = new ByteWriter(MAP_SECTOR).u64(MAGIC).u32(VERSION).u32(header.disk)
    .safe64(header.size).u32(header.clusterSize).u32(0).u64(instance)
    .raw(fromHex(header.machine) as Uint8Array).raw(fromHex(header.point) as Uint8Array);
  return writer.seek(CHECKED).u64(kernel.checksum(writer.bytes.subarray(0, CHECKED))).bytes;
}

/** The header in a sector, and its instance; `undefined` when it makes no sense. */
export function decodeHeader(
  kernel: Kernel,
  sector: Uint8Array,
): { header: OverlayHeader; instance: bigint } | undefined {
  if (sector.length !== MAP_SECTOR) return undefined;
  const checksum = new ByteReader(sector, CHECKED).u64();
  if (checksum !== kernel.checksum(sector.subarray(0, CHECKED))) return undefined;
  const reader = new ByteReader(sector);
  if (reader.u64() !== MAGIC || reader.u32() !== VERSION) return undefined;
  const disk = reader.u32();
  const size = reader.safe64();
  const clusterSize = reader.u32();
  reader.u32();
  const instance = reader.u64();
  const machine = toHex(reader.bytes(16)) as MachineId;
  const point = toHex(reader.bytes(16)) as PointId;
  const isSound = reader.ok && disk < DISKS_MAX && size > 0 && size <= DISK_SIZE_MAX &&
    isClusterSize(clusterSize);
  return isSound ? { header: { machine, point, disk, size, clusterSize }, instance } : undefined;
}

/** The states of a page that was never written. */
export function emptyStates(): Uint8Array {
  return new Uint8Array(MAP_SECTOR - PAGE_HEAD);
}

/** The state in slot `slot` of a page. */
export function stateAt(states: Uint8Array, slot: number): ClusterState {
  return CLUSTER_STATES[((states[slot >>> 2] ?? 0) >>> (2 * (slot & 3))) & 3] ?? "base";
}

/** A copy of page `index`. */
export function encodePage(
  kernel: Kernel,
  instance: bigint,
  index: number,
  page: Page,
): Uint8Array {
  const writer = new ByteWriter(MAP_SECTOR).u64(0n).safe64(page.sequence).u64(instance)
    .u32(index).u32(0).raw(page.states);
  return writer.seek(0).u64(kernel.checksum(writer.bytes.subarray(8))).bytes;
}

/** The page in the sector of copy 0 or 1 of page `index`. */
export function decodePage(
  kernel: Kernel,
  instance: bigint,
  index: number,
  copy: 0 | 1,
  sector: Uint8Array,
): Page | "torn" | "empty" {
  if (kernel.isZero(sector)) return "empty";
  const reader = new ByteReader(sector);
  const checksum = reader.u64();
  if (checksum !== kernel.checksum(sector.subarray(8))) return "torn";
  const sequence = reader.safe64();
  const isOurs = reader.u64() === instance && reader.u32() === index;
  if (!reader.ok || !isOurs || sequence === 0 || sequence % 2 !== copy) return "torn";
  const states = sector.slice(PAGE_HEAD);
  for (const byte of states) if ((byte & (byte >>> 1) & 0x55) !== 0) return "torn";
  return { sequence, states };
}
