/**
 * What guests write: every sector says who wrote it, where, and by which request, so that a wrong
 * byte anywhere names its origin.
 *
 * A stamped sector is 128 words: a mark, machine and disk, the sector, the request, and then words that
 * follow from these, either the four repeated (which compresses) or a sequence that does not.
 *
 * @module
 */

/** Bytes of a sector. */
export const SECTOR = 512;
/** Words of a sector. */
export const WORDS = SECTOR / 4;
const MARK = 0x57524d53;

/** What a request leaves in its sectors: zeros, or stamps that compress or do not. */
export type Content = "zeros" | "plain" | "rough";

/** Who wrote a sector. */
export interface Stamp {
  readonly machine: number;
  readonly disk: number;
  readonly sector: number;
  /** The request's number in its machine's history. */
  readonly request: number;
}

/** Stamped sectors for one request, as 32-bit words, in `words` from word `from` on; `rough`: they do not compress. */
export function stampSectors(
  { machine, disk, sector, request }: Stamp,
  count: number,
  rough: boolean,
  words: Int32Array = new Int32Array(count * WORDS),
  from = 0,
): Int32Array {
  const who = (machine << 16) | disk;
  for (let index = 0; index < count; index++) {
    const start = from + index * WORDS;
    const end = start + WORDS;
    for (let at = start; at < end; at += rough ? WORDS : 4) {
      words[at] = MARK;
      words[at + 1] = who;
      words[at + 2] = sector + index;
      words[at + 3] = request;
    }
    if (!rough) continue;
    let step = firstStep(request, sector + index);
    for (let at = start + 4; at < end; at++) words[at] = step = nextStep(step);
  }
  return words;
}

/** True when the sector at word `start` of `words` is what `stampSectors` makes of `stamp`. */
export function isStamped(
  words: Int32Array,
  start: number,
  stamp: Stamp,
  rough: boolean,
): boolean {
  if (words[start] !== MARK || words[start + 1] !== ((stamp.machine << 16) | stamp.disk)) {
    return false;
  }
  if (words[start + 2] !== stamp.sector || words[start + 3] !== stamp.request) return false;
  let step = firstStep(stamp.request, stamp.sector);
  for (let at = start + 4; at < start + WORDS; at++) {
    if (words[at] !== (rough ? step = nextStep(step) : words[at - 4])) return false;
  }
  return true;
}

/** Where the sequence of a sector that does not compress begins. */
function firstStep(request: number, sector: number): number {
  return Math.imul(request + 1, 0x9e3779b1) ^ sector;
}

function nextStep(step: number): number {
  return (Math.imul(step ^ (step >>> 15), 0x85ebca6b) + 0x6d2b79f5) | 0;
}

/** The number of the request that the sector at word `start` says wrote it; `undefined` where nobody signed. */
export function requestIn(words: Int32Array, start: number): number | undefined {
  const request = words[start + 3] as number;
  return words[start] === MARK && request >= 0 ? request : undefined;
}

/** True for a sector of zeros. */
export function zeros(words: Int32Array, start: number): boolean {
  for (let at = start; at < start + WORDS; at++) if (words[at] !== 0) return false;
  return true;
}

/** True when two sectors hold the same. */
export function same(
  words: Int32Array,
  start: number,
  others: Int32Array,
  otherStart: number,
): boolean {
  for (let at = 0; at < WORDS; at++) {
    if (words[start + at] !== others[otherStart + at]) return false;
  }
  return true;
}

/** The words of `bytes`, without a copy where they lie on a word's boundary. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  if (bytes.byteOffset % 4 === 0) {
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  }
  return new Int32Array(bytes.slice().buffer, 0, bytes.length >>> 2);
}

/** What the sector at word `start` of `words` says of itself, for people. */
export function describeSector(words: Int32Array, start: number): string {
  if (words[start] === MARK) {
    const who = words[start + 1] as number;
    const intact = isIntact(words, start) ? "" : ", torn inside";
    return `machine ${who >>> 16} disk ${who & 0xffff} sector ${words[start + 2]} ` +
      `request ${words[start + 3]}${intact}`;
  }
  for (let at = 0; at < WORDS; at++) {
    if (words[start + at] !== 0) return `bytes that no guest wrote (word ${at} is not zero)`;
  }
  return "zeros";
}

function isIntact(words: Int32Array, start: number): boolean {
  const who = words[start + 1] as number;
  const stamp = {
    machine: who >>> 16,
    disk: who & 0xffff,
    sector: words[start + 2] as number,
    request: words[start + 3] as number,
  };
  return isStamped(words, start, stamp, true) || isStamped(words, start, stamp, false);
}
