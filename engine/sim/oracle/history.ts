/**
 * The oracle: what one machine's guest asked for, when it asked, and when it was told that it is done;
 * and from that, what any image of the machine's disks may hold.
 *
 * Rule: it shares no code with the engine and knows neither blocks nor deltas nor replicas. Instants are
 * numbers that only grow, one for each thing that happens, so two things are never at the same instant.
 *
 * A cut at instant `t`: a request acknowledged before it is in, one issued after it is out, one under
 * way may be either, but whole. Of several requests in, the last one to a sector shows; two that
 * overlapped in time may come either way.
 *
 * Requests of a sector are looked through from the newest back, and no further than needed: what had
 * ended before the newest one that is surely in was issued is written over, whatever else there is. A
 * test compares this with a judge that looks through all of them (`test/unit/sim/oracle`).
 *
 * @module
 */
// Long because: what guests did and what may be read of it is one model, small enough to be believed whole.

import { type DiskBase, heldThen, keepDisk } from "./base.ts";
import {
  type Content,
  describeSector,
  isStamped,
  requestIn,
  SECTOR,
  stampSectors,
  WORDS,
  wordsOf,
  zeros,
} from "./stamp.ts";

/** One request that changes a disk. */
export interface Request {
  /** Its number in the machine's history. */
  readonly index: number;
  readonly disk: number;
  /** First sector. */
  readonly sector: number;
  /** Sectors. */
  readonly count: number;
  /** What it writes. */
  readonly content: Content;
  /** When it was issued. */
  readonly issued: number;
  /** When nothing of it could land any more; `NEVER` while it is under way. */
  ended: number;
  /** When it was acknowledged; `NEVER` if it never was. */
  acknowledged: number;
}

/**
 * Later than every instant. A small integer in every runtime, as instants are: there is a request for each write
 * of a guest, and three boxed numbers would double what each takes.
 */
export const NEVER = 0x3fffffff;

/** Something an image holds and must not. */
export interface Mismatch {
  readonly disk: number;
  readonly sector: number;
  readonly found: string;
  readonly expected: string;
  /** The request found, where a guest wrote it. */
  readonly shown: Request | undefined;
}

/** What an image may hold at a cut, and which requests it proves to be in or out. */
export interface Judgement {
  readonly mismatches: readonly Mismatch[];
  /** A request of which the image shows one part with it and another without it. */
  readonly torn:
    | { readonly request: Request; readonly inside: number; readonly outside: number }
    | undefined;
}

/** Mismatches that one judgement lists. */
const MISMATCHES_MAX = 3;

/** No request. */
const NONE = -1;

/** A stretch of history that begins with known contents. */
interface Epoch {
  readonly start: number;
  /** Its first request. */
  readonly first: number;
  /** What every disk held at its beginning. */
  readonly base: readonly DiskBase[];
  /** By disk and sector the newest request there, or none. */
  readonly newest: readonly Int32Array[];
}

/** Of which instant something is judged: what was issued later is out. */
interface Moment {
  readonly until: number;
  /** The first request that was issued later. */
  readonly later: number;
  /** True for a request that is surely in. */
  sure(request: Request): boolean;
}

/** Everything that happened to one machine's disks. */
export class MachineHistory {
  /** The machine, for stamps and messages. */
  readonly machine: number;
  /** Sectors of each disk, at its largest: what it does not have yet reads as zeros. */
  readonly sizes: readonly number[];
  /** All requests, by their index: in the order in which they were issued. */
  readonly requests: Request[] = [];
  /** Acknowledged requests in the order in which they were. */
  readonly #acknowledged: Request[] = [];
  /** When each of them was, µs of world time. */
  #acknowledgedAt = new Float64Array(256);
  /** By request when it was issued. */
  #issued = new Int32Array(256);
  /** By request the oldest one under way when it was issued: all before that had ended. */
  #oldestThen = new Int32Array(256);
  /** By request where its links begin, less its first sector. */
  #linksOf = new Int32Array(256);
  /** For every sector of every request the one before it there in its epoch, or none. */
  #links = new Int32Array(256);
  #linksUsed = 0;
  #epochs: Epoch[] = [];
  /** By disk and sector 1 where a request of zeros ever went. */
  readonly #zeroed: readonly Uint8Array[];
  /** Requests before it have all ended; those under way are the ones behind it that have not. */
  #oldest = 0;
  #underway = 0;
  #unheard = -1;

  /** Disks of so many sectors, all zeros unless `contents` says otherwise. */
  constructor(machine: number, sizes: readonly number[], contents?: readonly Uint8Array[]) {
    this.machine = machine;
    this.sizes = sizes;
    this.#zeroed = sizes.map((size) => new Uint8Array(size));
    this.#begin(0, contents ?? sizes.map(() => new Uint8Array(0)));
  }

  #begin(start: number, contents: readonly Uint8Array[]): void {
    const before = this.#epochs[this.#epochs.length - 1]?.base;
    const base = contents.map((bytes, disk) =>
      keepDisk(disk, this.#words(disk, bytes), this.#author, before?.[disk])
    );
    const newest = this.sizes.map((size) => new Int32Array(size).fill(NONE));
    this.#epochs.push({ start, first: this.requests.length, base, newest });
  }

  /** The words of a disk as it is, with zeros behind it where it has not grown yet. */
  #words(disk: number, bytes: Uint8Array): Int32Array {
    const words = wordsOf(bytes);
    const most = (this.sizes[disk] ?? 0) * WORDS;
    if (words.length >= most) return words;
    const padded = new Int32Array(most);
    padded.set(words);
    return padded;
  }

  /** Requests under way. */
  get underway(): number {
    return this.#underway;
  }

  /** The newest instant at which an answer could no longer reach its guest: the request may have been done. */
  get unheard(): number {
    return this.#unheard;
  }

  /** A guest issues a request. */
  issue(disk: number, sector: number, count: number, content: Content, now: number): Request {
    const index = this.requests.length;
    while (this.#oldest < index && !isUnderWay(this.requests[this.#oldest] as Request)) {
      this.#oldest++;
    }
    const request: Request = {
      index,
      disk,
      sector,
      count,
      content,
      issued: now,
      ended: NEVER,
      acknowledged: NEVER,
    };
    this.requests.push(request);
    this.#oldestThen = withRoom(this.#oldestThen, index);
    this.#oldestThen[index] = this.#oldest;
    this.#issued = withRoom(this.#issued, index);
    this.#issued[index] = now;
    this.#underway++;
    this.#link(request);
    return request;
  }

  /** Makes a request the newest one of its sectors. */
  #link(request: Request): void {
    const { newest } = this.#epochs[this.#epochs.length - 1] as Epoch;
    const row = newest[request.disk] as Int32Array;
    const links = this.#linksUsed;
    this.#linksUsed += request.count;
    this.#links = withRoom(this.#links, this.#linksUsed);
    this.#linksOf = withRoom(this.#linksOf, request.index);
    this.#linksOf[request.index] = links - request.sector;
    for (let place = 0; place < request.count; place++) {
      const at = request.sector + place;
      this.#links[links + place] = row[at] as number;
      row[at] = request.index;
      if (request.content === "zeros") (this.#zeroed[request.disk] as Uint8Array)[at] = 1;
    }
  }

  /** The request to `sector` before the one of number `index`, which wrote there. */
  #before(index: number, sector: number): number {
    return this.#links[(this.#linksOf[index] as number) + sector] as number;
  }

  /** What a request writes, in `into` from word `from` on; `undefined` for zeros. */
  wordsOf(
    { index, disk, sector, count, content }: Request,
    into = new Int32Array(count * WORDS),
    from = 0,
  ): Int32Array | undefined {
    if (content === "zeros") return undefined;
    const stamp = { machine: this.machine, disk, sector, request: index };
    return stampSectors(stamp, count, content === "rough", into, from);
  }

  /**
   * A request was answered: done at `acknowledgedAt` (µs of world time), or failed, in which case any
   * part of it may be on the disk.
   */
  end(request: Request, now: number, acknowledgedAt?: number): void {
    if (!isUnderWay(request)) return;
    this.#underway--;
    request.ended = now;
    if (acknowledgedAt === undefined) return;
    request.acknowledged = now;
    this.#acknowledgedAt = withRoom(this.#acknowledgedAt, this.#acknowledged.length);
    this.#acknowledgedAt[this.#acknowledged.length] = acknowledgedAt;
    this.#acknowledged.push(request);
  }

  /**
   * The server under the guest died or lost its power, and this is what the disks hold: requests under
   * way are over, and history goes on from what there is. Cuts made before keep the old history.
   */
  rebase(contents: readonly Uint8Array[], now: number): void {
    for (let index = this.#oldest; index < this.requests.length; index++) {
      const request = this.requests[index] as Request;
      if (isUnderWay(request)) request.ended = now;
    }
    this.#underway = 0;
    this.#begin(now, contents);
  }

  /** Requests under way are over; nothing of them lands from here on. */
  abandon(requests: Iterable<Request>, now: number): void {
    for (const request of requests) {
      this.end(request, now);
      this.#unheard = now;
    }
  }

  /** Judges the image of all disks for a cut at instant `cut`. */
  judge(image: readonly Uint8Array[], cut: number): Judgement {
    const moment = this.#moment(cut, (request) => request.acknowledged < cut);
    // Under way at the cut: none of those that had ended when the last one before it was issued.
    const { later } = moment;
    return this.#judge(image, moment, later === 0 ? 0 : this.#oldestThen[later - 1] as number);
  }

  /** Judges sectors that a guest read between two instants: what was done before must show. */
  judgeRead(disk: number, sector: number, bytes: Uint8Array, from: number, to: number): Judgement {
    const epoch = this.#epochAt(to);
    const words = wordsOf(bytes);
    const mismatches: Mismatch[] = [];
    const moment = this.#moment(to, (request) => request.acknowledged < from);
    for (let at = 0; at * WORDS < words.length; at++) {
      this.#sector(epoch, disk, sector + at, words, at * WORDS, moment, mismatches);
    }
    return { mismatches, torn: undefined };
  }

  /** Judges some bytes of a disk's `content` for a cut; the first sector that is wrong. */
  judgeRange(
    disk: number,
    at: number,
    length: number,
    content: Uint8Array,
    cut: number,
  ): Mismatch | undefined {
    const epoch = this.#epochAt(cut);
    const words = wordsOf(content);
    const moment = this.#moment(cut, (request) => request.acknowledged < cut);
    const wrong: Mismatch[] = [];
    for (let byte = at; byte < at + length && wrong.length === 0; byte += SECTOR) {
      this.#sector(epoch, disk, byte / SECTOR, words, byte / 4, moment, wrong);
    }
    return wrong[0];
  }

  /**
   * Judges what survived: requests for which `kept` holds must show, or later ones. `all`: the rest must
   * be as it was; otherwise a sector without such a request holds something that it held at some time.
   */
  judgeSurvivors(
    image: readonly Uint8Array[],
    now: number,
    kept: (request: Request) => boolean,
    all: boolean,
  ): Judgement {
    const epoch = this.#epochAt(now);
    const moment = this.#moment(now, kept);
    if (all) return this.#judge(image, moment, epoch.first);
    const mismatches: Mismatch[] = [];
    for (const [disk, bytes] of image.entries()) {
      const words = this.#words(disk, bytes);
      for (let sector = 0; sector < (this.sizes[disk] as number); sector++) {
        if (this.#anyOf(epoch, disk, sector, kept)) {
          this.#sector(epoch, disk, sector, words, sector * WORDS, moment, mismatches);
        } else this.#everHeld(disk, sector, words, mismatches);
      }
    }
    return { mismatches, torn: undefined };
  }

  /**
   * When the first acknowledged request that a cut at `cut` does not hold was acknowledged, µs of world
   * time: at least (only those surely outside count) and at most (those that may be outside count too).
   * `Infinity` where there is none.
   */
  firstOutside(cut: number): { readonly surely: number; readonly maybe: number } {
    const told = this.#acknowledged;
    const first = firstWhere(told.length, (place) => (told[place] as Request).acknowledged > cut);
    let surely = first;
    // Passes by those that were under way at the cut.
    while (surely < told.length && (told[surely] as Request).issued <= cut) surely++;
    const when = (place: number) =>
      place < told.length ? this.#acknowledgedAt[place] as number : Infinity;
    return { surely: when(surely), maybe: when(first) };
  }

  #moment(until: number, sure: (request: Request) => boolean): Moment {
    const issued = this.#issued;
    const later = firstWhere(this.requests.length, (index) => (issued[index] as number) > until);
    return { until, later, sure };
  }

  /** Judges a sector that may hold anything that it held at some time, in this epoch or an earlier one. */
  #everHeld(disk: number, sector: number, words: Int32Array, mismatches: Mismatch[]): void {
    const at = sector * WORDS;
    const held = (zeros(words, at) && this.#zeroed[disk]?.[sector] === 1) ||
      this.#author(disk, sector, words, at) !== undefined ||
      this.#epochs.some(({ base }) => this.#heldThen(base, disk, sector, words, at));
    if (held || mismatches.length >= MISMATCHES_MAX) return;
    const found = describeSector(words, at);
    mismatches.push({ disk, sector, found, expected: "something it ever held", shown: undefined });
  }

  #epochAt(instant: number): Epoch {
    let at = this.#epochs.length - 1;
    while (at > 0 && (this.#epochs[at] as Epoch).start > instant) at--;
    return this.#epochs[at] as Epoch;
  }

  /** Judges all disks. Requests before `first` were not under way at the moment. */
  #judge(image: readonly Uint8Array[], moment: Moment, first: number): Judgement {
    const epoch = this.#epochAt(moment.until);
    const mismatches: Mismatch[] = [];
    const all = image.map((bytes, disk) => this.#words(disk, bytes));
    for (const [disk, words] of all.entries()) {
      const sectors = this.sizes[disk] as number;
      for (let sector = 0; sector < sectors; sector++) {
        this.#sector(epoch, disk, sector, words, sector * WORDS, moment, mismatches);
        if (mismatches.length >= MISMATCHES_MAX) return { mismatches, torn: undefined };
      }
    }
    if (mismatches.length > 0) return { mismatches, torn: undefined };
    return { mismatches, torn: this.#torn(epoch, all, moment, first) };
  }

  /**
   * A request that an image without mismatches shows in one sector and misses in another. Only one under
   * way at the moment, and answered later, can be in or out as a whole.
   */
  #torn(
    epoch: Epoch,
    image: readonly Int32Array[],
    moment: Moment,
    first: number,
  ): Judgement["torn"] {
    for (let index = Math.max(first, epoch.first); index < moment.later; index++) {
      const request = this.requests[index] as Request;
      if (moment.sure(request) || request.acknowledged === NEVER) continue;
      let inside = NONE;
      let outside = NONE;
      for (let sector = request.sector; sector < request.sector + request.count; sector++) {
        const words = image[request.disk] as Int32Array;
        const shown = this.#shown(epoch, request.disk, sector, words, sector * WORDS, moment);
        // Zeros prove nothing: they may have been there before.
        if (shown === request && request.content !== "zeros") inside = sector;
        else if (shown === undefined || (shown !== BAD && shown.ended < request.issued)) {
          outside = sector;
        }
      }
      if (inside !== NONE && outside !== NONE) return { request, inside, outside };
    }
    return undefined;
  }

  /** Judges one sector, whose words begin at word `at`. */
  #sector(
    epoch: Epoch,
    disk: number,
    sector: number,
    words: Int32Array,
    at: number,
    moment: Moment,
    mismatches: Mismatch[],
  ): void {
    if (this.#shown(epoch, disk, sector, words, at, moment) !== BAD) return;
    if (mismatches.length >= MISMATCHES_MAX) return;
    const row = this.#row(epoch, disk, sector);
    const shown = row.find((request) => this.#shows(request, sector, words, at));
    const expected = expectation(row, moment);
    mismatches.push({ disk, sector, found: describeSector(words, at), expected, shown });
  }

  /** What a sector shows: a request, the base (`undefined`), or nothing it may show. */
  #shown(
    epoch: Epoch,
    disk: number,
    sector: number,
    words: Int32Array,
    at: number,
    moment: Moment,
  ): Request | undefined | typeof BAD {
    const { requests } = this;
    /** The newest request that is surely in. */
    let last: Request | undefined;
    let index = (epoch.newest[disk] as Int32Array)[sector] as number;
    while (index >= moment.later) index = this.#before(index, sector);
    // What had ended when the last one was issued is written over.
    let oldest = 0;
    while (index >= oldest) {
      const request = requests[index] as Request;
      index = this.#before(index, sector);
      if (last !== undefined && request.ended < last.issued) continue;
      if (last === undefined && moment.sure(request)) {
        last = request;
        oldest = this.#oldestThen[request.index] as number;
      }
      if (this.#shows(request, sector, words, at)) return request;
    }
    const before = last === undefined && this.#heldThen(epoch.base, disk, sector, words, at);
    return before ? undefined : BAD;
  }

  #heldThen(
    base: readonly DiskBase[],
    disk: number,
    sector: number,
    words: Int32Array,
    at: number,
  ): boolean {
    return heldThen(base[disk] as DiskBase, sector, words, at, this.#showsNumber);
  }

  readonly #showsNumber = (
    request: number,
    sector: number,
    words: Int32Array,
    at: number,
  ): boolean => this.#shows(this.requests[request] as Request, sector, words, at);

  /** The number of the request, of any epoch, that a sector shows; one of zeros leaves no name. */
  readonly #author = (
    disk: number,
    sector: number,
    words: Int32Array,
    at: number,
  ): number | undefined => {
    const index = requestIn(words, at);
    const request = index === undefined ? undefined : this.requests[index];
    if (request === undefined || request.disk !== disk || request.content === "zeros") return;
    if (sector < request.sector || sector >= request.sector + request.count) return;
    return this.#shows(request, sector, words, at) ? index : undefined;
  };

  /** True when `holds` for one of the requests of an epoch to a sector, looked at from the newest back. */
  #anyOf(
    epoch: Epoch,
    disk: number,
    sector: number,
    holds: (request: Request) => boolean,
  ): boolean {
    let index = (epoch.newest[disk] as Int32Array)[sector] as number;
    while (index !== NONE) {
      const request = this.requests[index] as Request;
      if (holds(request)) return true;
      index = this.#before(index, sector);
    }
    return false;
  }

  /** Requests of an epoch to one sector, in the order of issue. */
  #row(epoch: Epoch, disk: number, sector: number): Request[] {
    const row: Request[] = [];
    let index = (epoch.newest[disk] as Int32Array)[sector] as number;
    while (index !== NONE) {
      const request = this.requests[index] as Request;
      row.push(request);
      index = this.#before(index, sector);
    }
    return row.reverse();
  }

  #shows(request: Request, sector: number, words: Int32Array, at: number): boolean {
    const { content, disk, index } = request;
    if (content === "zeros") return zeros(words, at);
    const stamp = { machine: this.machine, disk, sector, request: index };
    return isStamped(words, at, stamp, content === "rough");
  }
}

/** True until nothing of it could land any more. */
function isUnderWay({ ended }: Request): boolean {
  return ended === NEVER;
}

/** The same numbers in an array that has a place `at`. */
function withRoom<Numbers extends Int32Array | Float64Array>(
  numbers: Numbers,
  at: number,
): Numbers {
  if (at < numbers.length) return numbers;
  const larger = new (numbers.constructor as new (length: number) => Numbers)(2 * at);
  larger.set(numbers);
  return larger;
}

const BAD = Symbol("bad");

/** The first of so many places for which `holds`; from there on it holds for all. */
function firstWhere(places: number, holds: (place: number) => boolean): number {
  let low = 0;
  let high = places;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What a sector may show, for people. */
function expectation(row: readonly Request[], { until, sure }: Moment): string {
  const inside = row.filter((request) => request.issued <= until);
  const certain = inside.filter(sure);
  const may = inside.filter(({ ended }) => !certain.some(({ issued }) => issued > ended));
  const names = may.map(({ index, content }) =>
    `request ${index}${content === "zeros" ? " (zeros)" : ""}`
  );
  if (certain.length === 0) names.push("what was there before");
  return names.join(" or ");
}
