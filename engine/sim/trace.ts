/**
 * The trace of a run: a rolling 64-bit hash over everything that happened, and on request the text.
 *
 * Rule: two runs of one seed have the same hash, in every runtime; keeping the text changes nothing
 * (I50, I51). The hash is two 32-bit lanes, for big integers would cost more than the events.
 *
 * @module
 */

/** What kinds of events there are; the numbers are part of the hash. */
export const EVENT = {
  timer: 1,
  read: 2,
  write: 3,
  zero: 4,
  flush: 5,
  inquire: 6,
  open: 7,
  rename: 8,
  remove: 9,
  truncate: 10,
  packet: 11,
  network: 12,
  codec: 13,
  hypervisor: 14,
  engine: 15,
  process: 16,
  power: 17,
  script: 18,
  guest: 19,
} as const;

/** One of the kinds above. */
export type EventKind = (typeof EVENT)[keyof typeof EVENT];

const NAMES: readonly string[] = eventNames();

function eventNames(): string[] {
  const names: string[] = [];
  for (const [name, kind] of Object.entries(EVENT)) names[kind] = name;
  return names;
}

/** Most words of a payload that `hashBytes` looks at: enough to tell two runs apart, and cheap. */
const SAMPLE = 32;

/** A 32-bit hash of the length and a sample of `bytes`, first and last byte included. */
export function hashBytes(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = length | 0;
  if (length === 0) return 0;
  const stride = length <= SAMPLE ? 1 : Math.floor(length / SAMPLE);
  for (let at = 0; at < length; at += stride) {
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    hash = (hash << 7) | (hash >>> 25);
  }
  return (hash ^ Math.imul(bytes[length - 1] as number, 0x9e3779b1)) >>> 0;
}

/** The rolling hash, and the lines where they are wanted. */
export class Trace {
  /** One line an event when lines are kept: time in µs, kind, actor, payload hash. */
  readonly lines: string[] = [];
  readonly #keep: boolean;
  readonly #limit: number;
  #low = 0x243f6a88 | 0;
  #high = 0x85a308d3 | 0;
  #count = 0;

  /** Keeps the last `limit` lines or so when `keep` is set. */
  constructor(keep: boolean, limit = 200_000) {
    this.#keep = keep;
    this.#limit = limit;
  }

  /** Events noted. */
  get count(): number {
    return this.#count;
  }

  /** The hash so far: 16 hex digits. */
  get hash(): string {
    const text = (word: number) => (word >>> 0).toString(16).padStart(8, "0");
    return text(this.#high) + text(this.#low);
  }

  /** Notes one event: when (µs), what, who (a number of the world's), and a hash of what with. */
  note(time: number, kind: EventKind, actor: number, payload: number, name = ""): void {
    const late = Math.floor(time / 0x100000000);
    let low = this.#low;
    let high = this.#high;
    low = Math.imul(low ^ (time | 0) ^ Math.imul(late, 0x27d4eb2f), 0x85ebca6b);
    low = (low << 15) | (low >>> 17);
    high = Math.imul(high ^ payload, 0xc2b2ae35) ^ low;
    high = (high << 13) | (high >>> 19);
    this.#low = (Math.imul(low, 5) + ((kind << 20) ^ actor)) | 0;
    this.#high = (Math.imul(high, 5) + 0x38495ab5) | 0;
    this.#count++;
    if (this.#keep) this.#write(time, kind, actor, payload, name);
  }

  #write(time: number, kind: EventKind, actor: number, payload: number, name: string): void {
    const who = name === "" ? `#${actor}` : name;
    this.lines.push(`${time} ${NAMES[kind]} ${who} ${(payload >>> 0).toString(16)}`);
    if (this.lines.length > 2 * this.#limit) this.lines.splice(0, this.#limit);
  }
}
