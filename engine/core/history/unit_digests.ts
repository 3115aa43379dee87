/**
 * Digests of units of a disk, of whatever can be read at offsets: for comparisons of either side.
 *
 * Rules: a unit that is a hole costs no reading; reading and digesting of a few pieces overlap; memory is
 * bounded by those. It does not know what the digests are compared with.
 *
 * @module
 */

import { EXTENT_SIZE_MAX } from "../base/limits.ts";
import { release } from "../base/release.ts";
import { type Codec, DIGEST_SIZE } from "../ports/codec.ts";
import type { Task } from "../runtime/task.ts";
import { all } from "../runtime/together.ts";

/** Pieces of at most `EXTENT_SIZE_MAX` that are read and digested at once. */
const PIECES_AT_ONCE = 4;

/** What is digested. */
export interface UnitSource {
  /** The bytes at `at`, owned by the caller. */
  read(at: number, length: number): Task<Uint8Array>;
  /** True when all of it is known to be zeros without reading. */
  isHole(at: number, length: number): Task<boolean>;
}

/**
 * BLAKE3 of every `unit` bytes of `[at, at + length)`, 32 bytes apiece; the last unit may be shorter, for a
 * disk ends there.
 */
export function* unitDigests(
  codec: Codec,
  source: UnitSource,
  at: number,
  length: number,
  unit: number,
): Task<Uint8Array> {
  const digests = new Uint8Array(Math.ceil(length / unit) * DIGEST_SIZE);
  const step = Math.max(unit, Math.floor(EXTENT_SIZE_MAX / unit) * unit);
  function* piece(from: number): Task<void> {
    const size = Math.min(step, length - from);
    const found = yield* digestPiece(codec, source, at + from, size, unit);
    digests.set(found, (from / unit) * DIGEST_SIZE);
  }
  for (let from = 0; from < length; from += PIECES_AT_ONCE * step) {
    const pieces: Task<void>[] = [];
    for (let part = 0; part < PIECES_AT_ONCE && from + part * step < length; part++) {
      pieces.push(piece(from + part * step));
    }
    yield* all("digest", pieces);
  }
  return digests;
}

function* digestPiece(
  codec: Codec,
  source: UnitSource,
  at: number,
  length: number,
  unit: number,
): Task<Uint8Array> {
  const whole = length - length % unit;
  if (yield* source.isHole(at, length)) return yield* zeroDigests(codec, length, unit);
  const bytes = yield* source.read(at, length);
  const digests = new Uint8Array(Math.ceil(length / unit) * DIGEST_SIZE);
  if (whole > 0) digests.set(yield* codec.blockDigests(bytes.subarray(0, whole), unit));
  if (whole < length) {
    const tail = yield* codec.blockDigests(bytes.subarray(whole), length - whole);
    digests.set(tail, (whole / unit) * DIGEST_SIZE);
  }
  release(bytes);
  return digests;
}

/** Digests of zeros: one is computed, and stands for all of its length. */
function* zeroDigests(codec: Codec, length: number, unit: number): Task<Uint8Array> {
  const digests = new Uint8Array(Math.ceil(length / unit) * DIGEST_SIZE);
  const whole = Math.floor(length / unit);
  if (whole > 0) {
    const digest = yield* zeroDigest(codec, unit);
    for (let index = 0; index < whole; index++) digests.set(digest, index * DIGEST_SIZE);
  }
  const tail = length - whole * unit;
  if (tail > 0) digests.set(yield* zeroDigest(codec, tail), whole * DIGEST_SIZE);
  return digests;
}

/** Digests of zeros by their length: those of a few units and of the ends of disks. */
const KNOWN = new WeakMap<Codec, Map<number, Uint8Array>>();
/** More lengths than this are not kept (E6). */
const KNOWN_MAX = 64;

function* zeroDigest(codec: Codec, length: number): Task<Uint8Array> {
  let known = KNOWN.get(codec);
  if (known === undefined) KNOWN.set(codec, known = new Map());
  const found = known.get(length);
  if (found !== undefined) return found;
  const digest = yield* codec.blockDigests(new Uint8Array(length), length);
  if (known.size < KNOWN_MAX) known.set(length, digest);
  return digest;
}
