/**
 * Reads a whole disk over NBD and compares every byte with what it held before and the record.
 *
 * @module
 */

import * as fs from "node:fs";
import { MiB } from "../../core/base/units.ts";
import { NbdClient } from "../../host/nbd/client.ts";
import { type FoundBlock, type Match, recognize, type WriteRecord } from "./record.ts";
import { sameBytes, STAMP_SIZE } from "./stamp.ts";

/** What to compare with. */
export interface ComparisonOptions {
  /** The disk's NBD URI. */
  readonly uri: string;
  /** The file that holds the disk as it was before the first write. */
  readonly pristine: string;
  /** What was written to it; `undefined` for a disk that nobody wrote to. */
  readonly record?: WriteRecord;
  /** Writes that must be inside. */
  readonly least: number;
  /** Writes that may be inside. */
  readonly most: number;
  /** Where to put the bytes that were read. */
  readonly copy?: string;
}

/** What was found. */
export interface Comparison {
  /** Bytes that were read. */
  readonly bytes: number;
  /** It holds writes 1 to this one. */
  readonly writes: number;
  /** Differences, in words; empty when every byte is as it must be. */
  readonly differences: readonly string[];
}

/** Compares the disk at `uri`. */
export async function compareDisk(options: ComparisonOptions): Promise<Comparison> {
  const { record, pristine, copy, least, most } = options;
  const client = await NbdClient.connect(options.uri);
  const before = fs.openSync(pristine, "r");
  const into = copy === undefined ? undefined : fs.openSync(copy, "w", 0o600);
  try {
    const expectedSize = fs.fstatSync(before).size;
    const differences: string[] = [];
    if (client.size !== expectedSize) {
      differences.push(`It has ${client.size} bytes in place of ${expectedSize}`);
    }
    const touched = record?.touched() ?? new Set<number>();
    const found = new Map<number, FoundBlock>();
    const size = Math.min(client.size, expectedSize);
    for (let at = 0; at < size; at += MiB) {
      const bytes = await client.read(at, Math.min(MiB, size - at));
      if (into !== undefined) fs.writeSync(into, bytes, 0, bytes.length, at);
      const old = new Uint8Array(bytes.length);
      fs.readSync(before, old, 0, old.length, at);
      comparePiece(at, bytes, old, touched, found, differences);
    }
    await client.disconnect();
    const match = record?.match(found, least, most) ?? { writes: 0, wrong: 0 };
    differences.push(...describeMatch(match, found.size));
    return { bytes: size, writes: match.writes, differences };
  } finally {
    client.close();
    fs.closeSync(before);
    if (into !== undefined) fs.closeSync(into);
  }
}

function comparePiece(
  at: number,
  bytes: Uint8Array,
  old: Uint8Array,
  touched: ReadonlySet<number>,
  found: Map<number, FoundBlock>,
  differences: string[],
): void {
  for (let past = 0; past < bytes.length; past += STAMP_SIZE) {
    const block = (at + past) / STAMP_SIZE;
    const here = bytes.subarray(past, past + STAMP_SIZE);
    const pristine = old.subarray(past, past + STAMP_SIZE);
    if (touched.has(block)) found.set(block, recognize(here, pristine, block));
    else if (!sameBytes(here, pristine)) {
      differences.push(`The block at ${at + past} changed and nobody wrote to it`);
    }
  }
}

function describeMatch({ writes, wrong }: Match, blocks: number): string[] {
  if (wrong === 0) return [];
  return [
    `There is no n such that it holds exactly writes 1 to n; at best, up to write ${writes}, ` +
    `${wrong} of ${blocks} written blocks are wrong`,
  ];
}
