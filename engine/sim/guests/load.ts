/**
 * What a guest does by itself, for as long as a run lasts: one stream of requests, drawn as it goes.
 *
 * Rule: a load draws from a stream of its own, named for its machine and itself, so that leaving another load or an event out
 * leaves it as it is. Integers only. It asks its guest for requests and hears nothing of them but how many wait.
 *
 * @module
 */

import { HOUR } from "../../core/base/units.ts";
import type { Prng } from "../prng.ts";
import type { GuestAction } from "../scenario/scenario.ts";

/** Where requests go. */
export type LoadPattern =
  /** Anywhere in its part of the disk. */
  | "anywhere"
  /** So many of them to the hot share of its part, of these so many to the hot share of that, and so on, a few times. */
  | "hot"
  /** One behind the other, and from the beginning again. */
  | "in-order"
  /** By turns behind the one before in a sixteenth of its part, and like `hot` in the rest. */
  | "log-and-pages"
  /** One behind the other, until its part is written once. */
  | "once";

/** A load. Times in µs, shares in millionths. */
export interface LoadSpec {
  readonly vm: number;
  /** Its name among those of its machine. */
  readonly id: string;
  readonly disk: number;
  readonly from: number;
  readonly until: number;
  /** Between two requests, on average, when it is busiest. */
  readonly gap: number;
  /** Requests come as chance brings them; otherwise evenly. */
  readonly chance: boolean;
  /** Sectors of a request. */
  readonly count: number;
  /** Its part of the disk, sectors. */
  readonly first: number;
  readonly sectors: number;
  readonly pattern: LoadPattern;
  readonly hot: number;
  readonly hotWrites: number;
  /** Requests that do not compress. */
  readonly rough: number;
  /** Requests between two flushes; 0: none. */
  readonly flush: number;
  /** The hour of the world's day when it is busiest, and what is left of it twelve hours later. */
  readonly day?: { readonly peak: number; readonly night: number };
  /** It writes so long and rests so long. */
  readonly bursts?: { readonly on: number; readonly off: number };
}

/** (1 + cos(h π / 12)) / 2 in millionths, for h hours from the busiest one. */
const DAYLIGHT: readonly number[] = [
  ...[1_000_000, 982_963, 933_013, 853_553, 750_000, 629_410, 500_000],
  ...[370_590, 250_000, 146_447, 66_987, 17_037, 0],
];

/** How often the hot share has a hot share itself: no more, so that a scale model with few blocks has it as well. */
const HOT_DEPTH = 3;

/** Requests that may wait before a guest asks for no more. */
export const LOAD_PENDING_MAX = 64;

/** A load at work. */
export class Load {
  readonly #spec: LoadSpec;
  readonly #random: Prng;
  #place = 0;
  #turn = 0;
  #logPlace = 0;
  #done = false;

  constructor(spec: LoadSpec, random: Prng) {
    this.#spec = spec;
    this.#random = random;
  }

  /** When the request behind one at `now` comes, µs of world time; `undefined` for never. */
  next(now: number): number | undefined {
    const { from, until, gap, chance, bursts, day } = this.#spec;
    if (this.#done) return undefined;
    let wait = gap;
    if (day !== undefined) wait = Math.floor((gap * 1_000_000) / this.#daylight(now, day));
    if (chance) wait = this.#random.exponential(wait);
    let at = Math.max(from, now + Math.max(1, wait));
    if (bursts !== undefined) {
      const since = (at - from) % (bursts.on + bursts.off);
      if (since >= bursts.on) at += bursts.on + bursts.off - since;
    }
    return at < until ? at : undefined;
  }

  /** How busy it is at `now`, millionths. */
  #daylight(
    now: number,
    { peak, night }: { readonly peak: number; readonly night: number },
  ): number {
    const hour = Math.floor(now / HOUR) % 24;
    const away = Math.abs(hour - peak);
    const light = DAYLIGHT[Math.min(away, 24 - away)] as number;
    return Math.max(1, night + Math.floor(((1_000_000 - night) * light) / 1_000_000));
  }

  /** What is asked for next: a write, and a flush behind it where one is due. */
  requests(): GuestAction[] {
    const { vm, disk, count, rough, flush } = this.#spec;
    const sector = this.#sector();
    const isRough = this.#random.chance(rough);
    const asked: GuestAction[] = [{ kind: "write", vm, disk, sector, count, rough: isRough }];
    this.#turn++;
    if (flush > 0 && this.#turn % flush === 0) asked.push({ kind: "flush", vm, disk });
    return asked;
  }

  /** The first sector of the next request: whole requests from the beginning of its part. */
  #sector(): number {
    const { count, first, sectors, pattern, hot, hotWrites } = this.#spec;
    const places = Math.max(1, Math.floor(sectors / count));
    switch (pattern) {
      case "anywhere":
        return first + this.#random.below(places) * count;
      case "hot":
        return first + this.#hotPlace(0, places, hot, hotWrites) * count;
      case "in-order":
        return first + (this.#place++ % places) * count;
      case "once":
        this.#done = this.#place + 1 >= places;
        return first + Math.min(this.#place++, places - 1) * count;
      case "log-and-pages": {
        const log = Math.max(1, places >>> 4);
        if (this.#turn % 2 === 0 || places === log) return first + (this.#logPlace++ % log) * count;
        return first + this.#hotPlace(log, places - log, hot, hotWrites) * count;
      }
    }
  }

  #hotPlace(from: number, places: number, hot: number, hotWrites: number): number {
    let left = places;
    for (let depth = 0; depth < HOT_DEPTH; depth++) {
      const few = Math.max(1, Math.floor((left * hot) / 1_000_000));
      if (few >= left) break;
      if (!this.#random.chance(hotWrites)) return from + few + this.#random.below(left - few);
      left = few;
    }
    return from + this.#random.below(left);
  }
}
