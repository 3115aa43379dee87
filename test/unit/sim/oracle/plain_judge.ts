/**
 * The oracle's rules word for word, with no index and nothing left out: for every sector, every request
 * that ever touched it is looked at, against every other one.
 *
 * @module
 */

import { type MachineHistory, NEVER, type Request } from "../../../../engine/sim/oracle/history.ts";
import { WORDS } from "../../../../engine/sim/oracle/stamp.ts";

/** Contents of all disks, as words. */
export type Image = readonly Int32Array[];

/** Of which instant is judged. */
export interface PlainMoment {
  readonly until: number;
  sure(request: Request): boolean;
}

/** A stretch of history between two deaths of the server. */
export interface PlainEpoch {
  readonly base: Image;
  readonly requests: readonly Request[];
}

/** What one sector may show: its requests, and whether what was there before may show too. */
function mayShow(row: readonly Request[], { until, sure }: PlainMoment): [Request[], boolean] {
  const inside = row.filter((request) => request.issued <= until);
  const certain = inside.filter(sure);
  const open = inside.filter((request) => !certain.some((other) => other.issued > request.ended));
  return [open, certain.length === 0];
}

const ZEROS = new Int32Array(WORDS);

/** True for a request that changes a sector. */
export function touches(request: Request, disk: number, sector: number): boolean {
  return request.disk === disk && sector >= request.sector &&
    sector < request.sector + request.count;
}

function sectorOf(words: Int32Array | undefined, sector: number): Int32Array {
  return words?.subarray(sector * WORDS, (sector + 1) * WORDS) ?? ZEROS;
}

function same(one: Int32Array, other: Int32Array): boolean {
  return one.every((word, place) => word === other[place]);
}

/** Judges plainly. */
export class PlainJudge {
  readonly #history: MachineHistory;

  constructor(history: MachineHistory) {
    this.#history = history;
  }

  /** Sectors that are wrong, as `disk/sector`, and whether a request is torn. */
  judge(epoch: PlainEpoch, image: Image, moment: PlainMoment): { wrong: string[]; torn: boolean } {
    const wrong: string[] = [];
    const shown = new Map<string, Request | undefined>();
    for (const [disk, words] of image.entries()) {
      for (let sector = 0; sector * WORDS < words.length; sector++) {
        const found = this.#shown(epoch, disk, sector, words, sector * WORDS, moment);
        if (found === "bad") wrong.push(`${disk}/${sector}`);
        else shown.set(`${disk}/${sector}`, found);
      }
    }
    const torn = epoch.requests.some((request) => this.#isTorn(request, shown, moment));
    return { wrong, torn: wrong.length === 0 && torn };
  }

  /** True when a sector shows something that it may not. */
  isWrong(
    epoch: PlainEpoch,
    disk: number,
    sector: number,
    words: Int32Array,
    moment: PlainMoment,
  ): boolean {
    return this.#shown(epoch, disk, sector, words, 0, moment) === "bad";
  }

  #shown(
    { base, requests }: PlainEpoch,
    disk: number,
    sector: number,
    words: Int32Array,
    at: number,
    moment: PlainMoment,
  ): Request | undefined | "bad" {
    const row = requests.filter((request) => touches(request, disk, sector));
    const [open, before] = mayShow(row, moment);
    const shown = words.subarray(at, at + WORDS);
    const found = open.findLast((request) => this.#leaves(request, sector, shown));
    if (found !== undefined) return found;
    return before && same(sectorOf(base[disk], sector), shown) ? undefined : "bad";
  }

  /** Sectors, as `disk/sector`, that hold what they held in no epoch; those that `passed` says are left out. */
  neverHeld(
    epochs: readonly PlainEpoch[],
    image: Image,
    passed: (disk: number, sector: number) => boolean,
  ): string[] {
    const wrong: string[] = [];
    for (const [disk, words] of image.entries()) {
      for (let sector = 0; sector * WORDS < words.length; sector++) {
        if (passed(disk, sector)) continue;
        const shown = sectorOf(words, sector);
        const held = epochs.some(({ base, requests }) =>
          same(sectorOf(base[disk], sector), shown) ||
          requests.some((request) =>
            touches(request, disk, sector) && this.#leaves(request, sector, shown)
          )
        );
        if (!held) wrong.push(`${disk}/${sector}`);
      }
    }
    return wrong;
  }

  #leaves(request: Request, sector: number, shown: Int32Array): boolean {
    const all = this.#history.wordsOf(request);
    return same(all === undefined ? ZEROS : sectorOf(all, sector - request.sector), shown);
  }

  #isTorn(
    request: Request,
    shown: ReadonlyMap<string, Request | undefined>,
    { until, sure }: PlainMoment,
  ): boolean {
    if (request.issued > until || sure(request) || request.acknowledged === NEVER) return false;
    let [inside, outside] = [false, false];
    for (let sector = request.sector; sector < request.sector + request.count; sector++) {
      const found = shown.get(`${request.disk}/${sector}`);
      if (found === request) inside ||= request.content !== "zeros";
      else outside ||= found === undefined || found.ended < request.issued;
    }
    return inside && outside;
  }
}
