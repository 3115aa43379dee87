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
 * @module
 */
// Long because: what guests did and what may be read of it is one model, small enough to be believed whole.

import { describeSector, SECTOR, WORDS, wordsOf } from "./stamp.ts";

/** One request that changes a disk. */
export interface Request {
  /** Its number in the machine's history. */
  readonly index: number;
  readonly disk: number;
  /** First sector. */
  readonly sector: number;
  /** Sectors. */
  readonly count: number;
  /** What it writes; `undefined` for zeros. */
  readonly words: Int32Array | undefined;
  /** When it was issued. */
  readonly issued: number;
  /** When nothing of it could land any more; `Infinity` while it is under way. */
  ended: number;
  /** When it was acknowledged; `Infinity` if it never was. */
  acknowledged: number;
  /** The same in µs of world time. */
  time: number;
}

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

/** A stretch of history that begins with known contents. */
interface Epoch {
  readonly start: number;
  /** Contents of every disk at its beginning. */
  readonly base: readonly Int32Array[];
  /** Requests by disk and sector, in the order of issue. */
  readonly sectors: readonly (readonly Request[] | undefined)[][];
}

/** Everything that happened to one machine's disks. */
export class MachineHistory {
  /** The machine, for stamps and messages. */
  readonly machine: number;
  /** Sectors of each disk. */
  readonly sizes: readonly number[];
  /** All requests, by their index. */
  readonly requests: Request[] = [];
  #epochs: Epoch[] = [];
  #underway = new Set<Request>();

  /** Disks of so many sectors, all zeros unless `contents` says otherwise. */
  constructor(machine: number, sizes: readonly number[], contents?: readonly Uint8Array[]) {
    this.machine = machine;
    this.sizes = sizes;
    this.#begin(
      0,
      contents?.map((bytes) => wordsOf(bytes.slice())) ??
        sizes.map((size) => new Int32Array(size * WORDS)),
    );
  }

  #begin(start: number, base: readonly Int32Array[]): void {
    const sectors = this.sizes.map((size) =>
      new Array<readonly Request[] | undefined>(size).fill(undefined)
    );
    this.#epochs.push({ start, base, sectors });
  }

  get #epoch(): Epoch {
    return this.#epochs[this.#epochs.length - 1] as Epoch;
  }

  /** Requests under way. */
  get underway(): number {
    return this.#underway.size;
  }

  /** A guest issues a request. */
  issue(
    disk: number,
    sector: number,
    count: number,
    make: ((index: number) => Int32Array) | undefined,
    now: number,
  ): Request {
    const index = this.requests.length;
    const request: Request = {
      index,
      disk,
      sector,
      count,
      words: make?.(index),
      issued: now,
      ended: Infinity,
      acknowledged: Infinity,
      time: Infinity,
    };
    this.requests.push(request);
    this.#underway.add(request);
    const rows = this.#epoch.sectors[disk] as (Request[] | undefined)[];
    for (let at = sector; at < sector + count; at++) (rows[at] ??= []).push(request);
    return request;
  }

  /**
   * A request was answered: done at `acknowledgedAt` (µs of world time), or failed, in which case any
   * part of it may be on the disk.
   */
  end(request: Request, now: number, acknowledgedAt?: number): void {
    if (!this.#underway.delete(request)) return;
    request.ended = now;
    if (acknowledgedAt === undefined) return;
    request.acknowledged = now;
    request.time = acknowledgedAt;
  }

  /**
   * The server under the guest died or lost its power, and this is what the disks hold: requests under
   * way are over, and history goes on from what there is. Cuts made before keep the old history.
   */
  rebase(contents: readonly Uint8Array[], now: number): void {
    for (const request of this.#underway) request.ended = now;
    this.#underway.clear();
    this.#begin(now, contents.map((bytes) => wordsOf(bytes.slice())));
  }

  /** Requests under way are over; nothing of them lands from here on. */
  abandon(requests: Iterable<Request>, now: number): void {
    for (const request of requests) this.end(request, now);
  }

  /** Judges the image of all disks for a cut at instant `cut`. */
  judge(image: readonly Uint8Array[], cut: number): Judgement {
    return this.#judge(image, cut, cut, (request) => request.acknowledged < cut);
  }

  /** Judges sectors that a guest read between two instants: what was done before must show. */
  judgeRead(disk: number, sector: number, bytes: Uint8Array, from: number, to: number): Judgement {
    const epoch = this.#epochAt(to);
    const words = wordsOf(bytes);
    const mismatches: Mismatch[] = [];
    const sure = (request: Request) => request.acknowledged < from;
    for (let index = 0; index * WORDS < words.length; index++) {
      this.#sector(epoch, disk, sector + index, words, index * WORDS, to, sure, mismatches);
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
    const sure = (request: Request) => request.acknowledged < cut;
    const wrong: Mismatch[] = [];
    for (let byte = at; byte < at + length && wrong.length === 0; byte += SECTOR) {
      this.#sector(epoch, disk, byte / SECTOR, words, byte / 4, cut, sure, wrong);
    }
    return wrong[0];
  }

  /**
   * Judges what survived: requests for which `kept` holds must show, or later ones. `all`: the rest must
   * be as it was; otherwise a sector without such a request may hold anything that it ever held.
   */
  judgeSurvivors(
    image: readonly Uint8Array[],
    now: number,
    kept: (request: Request) => boolean,
    all: boolean,
  ): Judgement {
    if (all) return this.#judge(image, now, now, kept);
    const epoch = this.#epochAt(now);
    const mismatches: Mismatch[] = [];
    for (const [disk, bytes] of image.entries()) {
      const words = wordsOf(bytes);
      for (const [sector, row] of (epoch.sectors[disk] ?? []).entries()) {
        if (!row?.some(kept)) continue;
        this.#sector(epoch, disk, sector, words, sector * WORDS, now, kept, mismatches);
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
    let surely = Infinity;
    let maybe = Infinity;
    for (let at = this.requests.length - 1; at >= 0; at--) {
      const request = this.requests[at] as Request;
      if (request.acknowledged > cut && request.time < maybe) maybe = request.time;
      if (request.issued > cut && request.time < surely) surely = request.time;
    }
    return { surely, maybe };
  }

  #epochAt(instant: number): Epoch {
    let at = this.#epochs.length - 1;
    while (at > 0 && (this.#epochs[at] as Epoch).start > instant) at--;
    return this.#epochs[at] as Epoch;
  }

  #judge(
    image: readonly Uint8Array[],
    cut: number,
    until: number,
    sure: (request: Request) => boolean,
  ): Judgement {
    const epoch = this.#epochAt(cut);
    const mismatches: Mismatch[] = [];
    const evidence = new Evidence(until, sure);
    for (const [disk, bytes] of image.entries()) {
      const words = wordsOf(bytes);
      const rows = epoch.sectors[disk] as (Request[] | undefined)[];
      for (let sector = 0; sector < rows.length; sector++) {
        const shown = this.#sector(
          epoch,
          disk,
          sector,
          words,
          sector * WORDS,
          until,
          sure,
          mismatches,
        );
        const row = rows[sector];
        if (row !== undefined && shown !== BAD) evidence.note(row, shown, sector);
        if (mismatches.length >= MISMATCHES_MAX) return { mismatches, torn: undefined };
      }
    }
    return { mismatches, torn: mismatches.length > 0 ? undefined : evidence.torn };
  }

  /** What a sector shows: a request, the base (`undefined`), or nothing it may show. */
  #sector(
    epoch: Epoch,
    disk: number,
    sector: number,
    words: Int32Array,
    at: number,
    until: number,
    sure: (request: Request) => boolean,
    mismatches: Mismatch[],
  ): Request | undefined | typeof BAD {
    const row = (epoch.sectors[disk] as (readonly Request[] | undefined)[])[sector];
    const base = epoch.base[disk] as Int32Array;
    if (row === undefined) {
      if (same(words, at, base, sector * WORDS)) return undefined;
    } else {
      // Newest first: that is what it mostly is.
      let baseMay = true;
      for (let place = row.length - 1; place >= 0; place--) {
        const request = row[place] as Request;
        if (request.issued > until) continue;
        if (sure(request)) baseMay = false;
        if (!shows(request, sector, words, at)) continue;
        if (!overwritten(request, row, until, sure)) return request;
      }
      if (baseMay && same(words, at, base, sector * WORDS)) return undefined;
    }
    if (mismatches.length < MISMATCHES_MAX) {
      const shown = row?.find((request) => shows(request, sector, words, at));
      const expected = expectation(row ?? [], until, sure);
      const found = describeSector(words, at);
      mismatches.push({ disk, sector, found, expected, shown });
    }
    return BAD;
  }
}

const BAD = Symbol("bad");

/** Which requests an image shows with one sector and misses with another. */
class Evidence {
  torn: Judgement["torn"];
  readonly #until: number;
  readonly #sure: (request: Request) => boolean;
  readonly #inside = new Map<Request, number>();
  readonly #outside = new Map<Request, number>();

  constructor(until: number, sure: (request: Request) => boolean) {
    this.#until = until;
    this.#sure = sure;
  }

  note(row: readonly Request[], shown: Request | undefined, sector: number): void {
    for (const request of row) {
      // Only one under way at the cut, and answered later, can be in or out as a whole.
      if (request.issued > this.#until || this.#sure(request)) continue;
      if (request.acknowledged === Infinity) continue;
      // Zeros prove nothing: they may have been there before.
      if (request === shown && request.words !== undefined) {
        this.#put(this.#inside, request, sector);
      } else if (shown === undefined || shown.ended < request.issued) {
        this.#put(this.#outside, request, sector);
      }
    }
  }

  #put(side: Map<Request, number>, request: Request, sector: number): void {
    side.set(request, sector);
    const inside = this.#inside.get(request);
    const outside = this.#outside.get(request);
    if (inside !== undefined && outside !== undefined) this.torn ??= { request, inside, outside };
  }
}

/** True when a request that is surely in came surely after this one. */
function overwritten(
  request: Request,
  row: readonly Request[],
  until: number,
  sure: (request: Request) => boolean,
): boolean {
  for (const other of row) {
    if (other.issued > request.ended && other.issued <= until && sure(other)) return true;
  }
  return false;
}

function shows(request: Request, sector: number, words: Int32Array, at: number): boolean {
  if (request.words === undefined) {
    for (let word = at; word < at + WORDS; word++) if (words[word] !== 0) return false;
    return true;
  }
  return same(words, at, request.words, (sector - request.sector) * WORDS);
}

function same(words: Int32Array, at: number, others: Int32Array, from: number): boolean {
  for (let word = 0; word < WORDS; word++) {
    if (words[at + word] !== others[from + word]) return false;
  }
  return true;
}

function expectation(
  row: readonly Request[],
  until: number,
  sure: (request: Request) => boolean,
): string {
  const may = row.filter((request) =>
    request.issued <= until && !overwritten(request, row, until, sure)
  );
  const names = may.map(({ index, words }) => `request ${index}${words ? "" : " (zeros)"}`);
  if (!row.some((request) => request.issued <= until && sure(request))) {
    names.push("what was there before");
  }
  return names.join(" or ");
}
