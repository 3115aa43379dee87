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
import { enlarged, firstWhere, NEVER, type Request, RequestLog } from "./request_log.ts";
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

export { NEVER, type Request } from "./request_log.ts";

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
/** Nothing that may be there. */
const BAD = -2;

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
  /** True for the number of a request that is surely in. */
  sure(request: number): boolean;
}

/** Everything that happened to one machine's disks. */
export class MachineHistory {
  /** The machine, for stamps and messages. */
  readonly machine: number;
  /** Sectors of each disk, at its largest: what it does not have yet reads as zeros. */
  readonly sizes: readonly number[];
  readonly #log = new RequestLog();
  /** Numbers of acknowledged requests, in the order in which they were. */
  #told = new Int32Array(256);
  /** When each of them was, µs of world time. */
  #toldAt = new Float64Array(256);
  #toldCount = 0;
  /** By request where its links begin, less its first sector. */
  #linksOf = new Int32Array(256);
  /** For every sector of every request the one before it there in its epoch, or none. */
  #links = new Int32Array(256);
  #linksUsed = 0;
  #epochs: Epoch[] = [];
  /** By disk and sector 1 where a request of zeros ever went. */
  readonly #zeroed: readonly Uint8Array[];
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
    this.#epochs.push({ start, first: this.#log.count, base, newest });
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

  /** All requests as they stand, in the order in which they were issued; for tests. */
  get requests(): Request[] {
    return Array.from({ length: this.#log.count }, (_, index) => this.#log.request(index));
  }

  /** One of them as it stands. */
  request(index: number): Request {
    return this.#log.request(index);
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
    const index = this.#log.add(disk, sector, count, content, now);
    this.#underway++;
    this.#link(index, disk, sector, count);
    if (content === "zeros") this.#zeroed[disk]?.fill(1, sector, sector + count);
    return { index, disk, sector, count, content, issued: now, ended: NEVER, acknowledged: NEVER };
  }

  /** Makes a request the newest one of its sectors. */
  #link(index: number, disk: number, sector: number, count: number): void {
    const { newest } = this.#epochs[this.#epochs.length - 1] as Epoch;
    const row = newest[disk] as Int32Array;
    const links = this.#linksUsed;
    this.#linksUsed += count;
    if (this.#linksUsed > this.#links.length) {
      this.#links = enlarged(this.#links, this.#linksUsed);
    }
    if (index === this.#linksOf.length) this.#linksOf = enlarged(this.#linksOf);
    this.#linksOf[index] = links - sector;
    for (let place = 0; place < count; place++) {
      this.#links[links + place] = row[sector + place] as number;
      row[sector + place] = index;
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
  end({ index }: Request, now: number, acknowledgedAt?: number): void {
    if (!this.#log.end(index, now)) return;
    this.#underway--;
    if (acknowledgedAt === undefined) return;
    this.#log.acknowledge(index, now);
    if (this.#toldCount === this.#told.length) {
      this.#told = enlarged(this.#told);
      this.#toldAt = enlarged(this.#toldAt);
    }
    this.#told[this.#toldCount] = index;
    this.#toldAt[this.#toldCount++] = acknowledgedAt;
  }

  /**
   * The server under the guest died or lost its power, and this is what the disks hold: requests under
   * way are over, and history goes on from what there is. Cuts made before keep the old history.
   */
  rebase(contents: readonly Uint8Array[], now: number): void {
    this.#log.endAll(now);
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
    const moment = this.#moment(cut, (request) => this.#log.acknowledged(request) < cut);
    // Under way at the cut: none of those that had ended when the last one before it was issued.
    const { later } = moment;
    return this.#judge(image, moment, later === 0 ? 0 : this.#log.oldest(later - 1));
  }

  /** Judges sectors that a guest read between two instants: what was done before must show. */
  judgeRead(disk: number, sector: number, bytes: Uint8Array, from: number, to: number): Judgement {
    const epoch = this.#epochAt(to);
    const words = wordsOf(bytes);
    const mismatches: Mismatch[] = [];
    const moment = this.#moment(to, (request) => this.#log.acknowledged(request) < from);
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
    const moment = this.#moment(cut, (request) => this.#log.acknowledged(request) < cut);
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
    const sure = (request: number) => kept(this.#log.request(request));
    const moment = this.#moment(now, sure);
    if (all) return this.#judge(image, moment, epoch.first);
    const mismatches: Mismatch[] = [];
    for (const [disk, bytes] of image.entries()) {
      const words = this.#words(disk, bytes);
      for (let sector = 0; sector < (this.sizes[disk] as number); sector++) {
        if (this.#anyOf(epoch, disk, sector, sure)) {
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
    const log = this.#log;
    const told = this.#told;
    const count = this.#toldCount;
    const first = firstWhere(count, (place) => log.acknowledged(told[place] as number) > cut);
    let surely = first;
    // Passes by those that were under way at the cut.
    while (surely < count && log.issued(told[surely] as number) <= cut) surely++;
    const when = (place: number) => place < count ? this.#toldAt[place] as number : Infinity;
    return { surely: when(surely), maybe: when(first) };
  }

  #moment(until: number, sure: (request: number) => boolean): Moment {
    return { until, later: this.#log.firstAfter(until), sure };
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
      if (moment.sure(index) || this.#log.acknowledged(index) === NEVER) continue;
      const request = this.#log.request(index);
      let inside = NONE;
      let outside = NONE;
      for (let sector = request.sector; sector < request.sector + request.count; sector++) {
        const words = image[request.disk] as Int32Array;
        const shown = this.#shown(epoch, request.disk, sector, words, sector * WORDS, moment);
        // Zeros prove nothing: they may have been there before.
        if (shown === index && request.content !== "zeros") inside = sector;
        else if (shown === NONE || (shown !== BAD && this.#log.ended(shown) < request.issued)) {
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
    const author = row.find((request) => this.#shows(request, sector, words, at));
    const shown = author === undefined ? undefined : this.#log.request(author);
    const expected = expectation(row.map((request) => this.#log.request(request)), moment);
    mismatches.push({ disk, sector, found: describeSector(words, at), expected, shown });
  }

  /** What a sector shows: the number of a request, the base (`NONE`), or nothing it may show (`BAD`). */
  #shown(
    epoch: Epoch,
    disk: number,
    sector: number,
    words: Int32Array,
    at: number,
    moment: Moment,
  ): number {
    const log = this.#log;
    /** The newest request that is surely in. */
    let last = NONE;
    let index = (epoch.newest[disk] as Int32Array)[sector] as number;
    while (index >= moment.later) index = this.#before(index, sector);
    // What had ended when the last one was issued is written over.
    let oldest = 0;
    while (index >= oldest) {
      const request = index;
      index = this.#before(index, sector);
      if (last !== NONE && log.ended(request) < log.issued(last)) continue;
      if (last === NONE && moment.sure(request)) {
        last = request;
        oldest = log.oldest(request);
      }
      if (this.#shows(request, sector, words, at)) return request;
    }
    const before = last === NONE && this.#heldThen(epoch.base, disk, sector, words, at);
    return before ? NONE : BAD;
  }

  #heldThen(
    base: readonly DiskBase[],
    disk: number,
    sector: number,
    words: Int32Array,
    at: number,
  ): boolean {
    return heldThen(base[disk] as DiskBase, sector, words, at, this.#shows);
  }

  /** The number of the request, of any epoch, that a sector shows; one of zeros leaves no name. */
  readonly #author = (
    disk: number,
    sector: number,
    words: Int32Array,
    at: number,
  ): number | undefined => {
    const index = requestIn(words, at);
    if (index === undefined || index >= this.#log.count) return undefined;
    if (this.#log.content(index) === "zeros" || !this.#log.touches(index, disk, sector)) {
      return undefined;
    }
    return this.#shows(index, sector, words, at) ? index : undefined;
  };

  /** True when `holds` for one of the requests of an epoch to a sector, looked at from the newest back. */
  #anyOf(
    epoch: Epoch,
    disk: number,
    sector: number,
    holds: (request: number) => boolean,
  ): boolean {
    let index = (epoch.newest[disk] as Int32Array)[sector] as number;
    while (index !== NONE) {
      if (holds(index)) return true;
      index = this.#before(index, sector);
    }
    return false;
  }

  /** Requests of an epoch to one sector, in the order of issue. */
  #row(epoch: Epoch, disk: number, sector: number): number[] {
    const row: number[] = [];
    let index = (epoch.newest[disk] as Int32Array)[sector] as number;
    while (index !== NONE) {
      row.push(index);
      index = this.#before(index, sector);
    }
    return row.reverse();
  }

  readonly #shows = (
    request: number,
    sector: number,
    words: Int32Array,
    at: number,
  ): boolean => {
    const content = this.#log.content(request);
    if (content === "zeros") return zeros(words, at);
    // Nearly always it is somebody else's: no need to look at all of it.
    if (words[at + 3] !== request) return false;
    const stamp = { machine: this.machine, disk: this.#log.disk(request), sector, request };
    return isStamped(words, at, stamp, content === "rough");
  };
}

/** What a sector may show, for people. */
function expectation(row: readonly Request[], { until, sure }: Moment): string {
  const inside = row.filter((request) => request.issued <= until);
  const certain = inside.filter(({ index }) => sure(index));
  const may = inside.filter(({ ended }) => !certain.some(({ issued }) => issued > ended));
  const names = may.map(({ index, content }) =>
    `request ${index}${content === "zeros" ? " (zeros)" : ""}`
  );
  if (certain.length === 0) names.push("what was there before");
  return names.join(" or ");
}
