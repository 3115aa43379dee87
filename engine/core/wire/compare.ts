/**
 * Comparison by digest: which units of a disk differ between two servers.
 *
 * Both payloads begin with a head of 20 bytes: disk u16, 0 u16, unit u32, at u64, count u32. In
 * *compare* `count` × 16 bytes follow, the first half of the BLAKE3 of each unit; in *compared*
 * ceil(`count` / 8) bytes, bit i of byte i / 8 (least significant first) set where unit i differs.
 *
 * Rule: decoding bounds everything by the engine's limits; it does not know the machine's disks.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { DISK_SIZE_MAX, DISKS_MAX, EXTENT_SIZE_MAX } from "../base/limits.ts";
import { inside } from "../block/extent.ts";
import { type Malformed, malformed } from "./malformed.ts";

/** Bytes of a digest in a comparison. */
export const COMPARE_DIGEST_SIZE = 16;
/** Units in one comparison, at most. */
export const COMPARE_UNITS_MAX = 32_768;

const HEAD_SIZE = 20;

/** A run of units of one disk. The last unit may reach beyond the end of the disk. */
interface Units {
  /** Index of the disk in its machine. */
  readonly disk: number;
  /** Bytes of one unit, 512 to `EXTENT_SIZE_MAX`. */
  readonly unit: number;
  /** First byte on the disk; a multiple of the unit. */
  readonly at: number;
  /** How many units, 1 to `COMPARE_UNITS_MAX`. */
  readonly count: number;
}

/** Digests of one server's units, for the other to compare with its own. */
export interface Compare extends Units {
  /** `count` × 16 bytes. */
  readonly digests: Uint8Array;
}

/** Which of those units differ. */
export interface Compared extends Units {
  /** A bit per unit, least significant first; unused bits are zero. */
  readonly differs: Uint8Array;
}

/** `compare` as a payload. */
export function encodeCompare(compare: Compare): Uint8Array {
  return encode(compare, compare.digests, compare.count * COMPARE_DIGEST_SIZE);
}

/** `compared` as a payload. */
export function encodeCompared(compared: Compared): Uint8Array {
  return encode(compared, compared.differs, Math.ceil(compared.count / 8));
}

/** The comparison in `payload`; its digests are a view. A failure `malformed` otherwise. */
export function decodeCompare(payload: Uint8Array): Compare | Malformed {
  const reader = new ByteReader(payload);
  const head = readHead(reader);
  if (head === undefined || reader.left !== head.count * COMPARE_DIGEST_SIZE) return unsound();
  return { ...head, digests: reader.bytes(reader.left) };
}

/** The answer in `payload`; its bits are a view. A failure `malformed` otherwise. */
export function decodeCompared(payload: Uint8Array): Compared | Malformed {
  const reader = new ByteReader(payload);
  const head = readHead(reader);
  if (head === undefined || reader.left !== Math.ceil(head.count / 8)) return unsound();
  const differs = reader.bytes(reader.left);
  const unused = 8 * differs.length - head.count;
  if ((differs[differs.length - 1] ?? 0) >>> (8 - unused) !== 0) return unsound();
  return { ...head, differs };
}

/** Whether unit `index` of a comparison differs. */
export function unitDiffers(compared: Compared, index: number): boolean {
  return ((compared.differs[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
}

/** Runs of units of a comparison that are all equal or all different, in bytes from its start. */
export function* comparedRuns(
  compared: Compared,
): Generator<{ from: number; to: number; differs: boolean }, void, undefined> {
  let start = 0;
  for (let unit = 1; unit <= compared.count; unit++) {
    if (unit < compared.count && unitDiffers(compared, unit) === unitDiffers(compared, start)) {
      continue;
    }
    const differs = unitDiffers(compared, start);
    yield { from: start * compared.unit, to: unit * compared.unit, differs };
    start = unit;
  }
}

function encode(units: Units, body: Uint8Array, expected: number): Uint8Array {
  assert(unitsAreSound(units) && body.length === expected, "A comparison we send is sound");
  return new ByteWriter(HEAD_SIZE + body.length).u16(units.disk).u16(0).u32(units.unit)
    .safe64(units.at).u32(units.count).raw(body).bytes;
}

function readHead(reader: ByteReader): Units | undefined {
  const disk = reader.u16();
  const reserved = reader.u16();
  const head = { disk, unit: reader.u32(), at: reader.safe64(), count: reader.u32() };
  return reader.ok && reserved === 0 && unitsAreSound(head) ? head : undefined;
}

function unitsAreSound({ disk, unit, at, count }: Units): boolean {
  return disk < DISKS_MAX && unit >= 512 && unit <= EXTENT_SIZE_MAX && count > 0 &&
    count <= COMPARE_UNITS_MAX && at % unit === 0 && inside(at, 1, DISK_SIZE_MAX) &&
    inside(at, (count - 1) * unit + 1, DISK_SIZE_MAX);
}

function unsound(): Malformed {
  return malformed("A comparison by digest has fields or a length that cannot be");
}
