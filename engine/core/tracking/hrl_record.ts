/**
 * One record of the activity log's ring: which slots hold which regions, in one sector.
 *
 * | at  | bytes | field                                                                    |
 * |-----|-------|--------------------------------------------------------------------------|
 * | 0   | 8     | XXH3-64 of bytes 8 to 511                                                |
 * | 8   | 8     | sequence of the header that was durable when the record was written      |
 * | 16  | 8     | sequence of the record; it lies at this modulo the ring's length         |
 * | 24  | 8     | sequence of the newest record known durable when this one was written    |
 * | 32  | 2     | number of updates, up to 29                                              |
 * | 34  | 2     | number of context slots, up to 60                                        |
 * | 36  | 4     | first context slot                                                       |
 * | 40  | 29×8  | updates: slot, region; region 2^32-1 means empty                         |
 * | 272 | 60×4  | context: the regions of that many slots, updates of its batch included   |
 *
 * @module
 */

import { ByteReader, ByteWriter } from "../base/bytes.ts";
import type { Kernel } from "../ports/codec.ts";
import { SECTOR_SIZE, SEQUENCE_MAX, UPDATES_MAX, WINDOW } from "./hrl_layout.ts";

const CONTEXT_AT = 272;

/** A slot and the region it holds. */
export interface SlotUpdate {
  readonly slot: number;
  readonly region: number;
}

/** What one record says. */
export interface HrlRecord {
  readonly headerSequence: number;
  readonly sequence: number;
  readonly durableThrough: number;
  readonly updates: readonly SlotUpdate[];
  readonly contextStart: number;
  readonly context: Uint32Array;
}

/** Writes `record` into the sector `target`. */
export function encodeRecord(kernel: Kernel, target: Uint8Array, record: HrlRecord): void {
  target.fill(0, 0, SECTOR_SIZE);
  const writer = new ByteWriter(target.subarray(0, SECTOR_SIZE));
  writer.seek(8).safe64(record.headerSequence).safe64(record.sequence);
  writer.safe64(record.durableThrough).u16(record.updates.length).u16(record.context.length);
  writer.u32(record.contextStart);
  for (const update of record.updates) writer.u32(update.slot).u32(update.region);
  writer.seek(CONTEXT_AT);
  for (const region of record.context) writer.u32(region);
  writer.seek(0).u64(kernel.checksum(target.subarray(8, SECTOR_SIZE)));
}

/** The record in the sector `source`; `undefined` when it is torn, damaged or was never written. */
export function decodeRecord(kernel: Kernel, source: Uint8Array): HrlRecord | undefined {
  const reader = new ByteReader(source, 0, SECTOR_SIZE);
  if (reader.u64() !== kernel.checksum(source.subarray(8, SECTOR_SIZE))) return undefined;
  const headerSequence = reader.safe64();
  const sequence = reader.safe64();
  const durableThrough = reader.safe64();
  const updateCount = reader.u16();
  const contextCount = reader.u16();
  const contextStart = reader.u32();
  if (!reader.ok || updateCount > UPDATES_MAX || contextCount > WINDOW) return undefined;
  if (Math.max(headerSequence, sequence, durableThrough) > SEQUENCE_MAX) return undefined;
  const updates: SlotUpdate[] = [];
  for (let index = 0; index < updateCount; index++) {
    updates.push({ slot: reader.u32(), region: reader.u32() });
  }
  const rest = new ByteReader(source, CONTEXT_AT, SECTOR_SIZE);
  const context = new Uint32Array(contextCount);
  for (let index = 0; index < contextCount; index++) context[index] = rest.u32();
  return { headerSequence, sequence, durableThrough, updates, contextStart, context };
}
