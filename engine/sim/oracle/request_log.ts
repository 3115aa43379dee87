/**
 * All requests of one machine's guest, in the order in which they were issued: a column for each thing that is known of them.
 *
 * Rule: a day has millions, and an object for each would have the collector walk through all of them again and again. An
 * object is made of one only where somebody holds it, and of one that has ended it says what stands here.
 *
 * @module
 */

import type { Content } from "./stamp.ts";

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
  readonly ended: number;
  /** When it was acknowledged; `NEVER` if it never was. */
  readonly acknowledged: number;
}

/** Later than every instant. A small integer in every runtime, as instants are. */
export const NEVER = 0x3fffffff;

/** What a request may leave, by its number in the column. */
const CONTENTS: readonly Content[] = ["zeros", "plain", "rough"];

/** Numbers of a column; it has room for more. */
type Numbers = Int32Array | Uint8Array | Float64Array;

/** Requests by their number. */
export class RequestLog {
  #count = 0;
  #disk = new Int32Array(256);
  #sector = new Int32Array(256);
  #sectors = new Int32Array(256);
  #content = new Uint8Array(256);
  #issued = new Int32Array(256);
  #ended = new Int32Array(256);
  #acknowledged = new Int32Array(256);
  #oldest = new Int32Array(256);
  /** Requests before it have all ended. */
  #allEnded = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Adds one that is under way from `issued` on; its number. */
  add(disk: number, sector: number, sectors: number, content: Content, issued: number): number {
    const index = this.#count++;
    if (index === this.#disk.length) this.#enlarge();
    while (this.#allEnded < index && this.#ended[this.#allEnded] !== NEVER) this.#allEnded++;
    this.#disk[index] = disk;
    this.#sector[index] = sector;
    this.#sectors[index] = sectors;
    this.#content[index] = CONTENTS.indexOf(content);
    this.#issued[index] = issued;
    this.#ended[index] = NEVER;
    this.#acknowledged[index] = NEVER;
    this.#oldest[index] = this.#allEnded;
    return index;
  }

  #enlarge(): void {
    this.#disk = enlarged(this.#disk);
    this.#sector = enlarged(this.#sector);
    this.#sectors = enlarged(this.#sectors);
    this.#content = enlarged(this.#content);
    this.#issued = enlarged(this.#issued);
    this.#ended = enlarged(this.#ended);
    this.#acknowledged = enlarged(this.#acknowledged);
    this.#oldest = enlarged(this.#oldest);
  }

  /** Nothing of it lands from `now` on; of one that has ended already nothing changes, and the answer is false. */
  end(index: number, now: number): boolean {
    if (this.#ended[index] !== NEVER) return false;
    this.#ended[index] = now;
    return true;
  }

  /** It was acknowledged. */
  acknowledge(index: number, now: number): void {
    this.#acknowledged[index] = now;
  }

  /** Ends all that are under way. */
  endAll(now: number): void {
    for (let index = this.#allEnded; index < this.#count; index++) this.end(index, now);
  }

  /** When it was issued. */
  issued(index: number): number {
    return this.#issued[index] as number;
  }

  /** When it ended; `NEVER` while it is under way. */
  ended(index: number): number {
    return this.#ended[index] as number;
  }

  /** When it was acknowledged; `NEVER` if it never was. */
  acknowledged(index: number): number {
    return this.#acknowledged[index] as number;
  }

  /** The oldest one under way when it was issued: all before that had ended. */
  oldest(index: number): number {
    return this.#oldest[index] as number;
  }

  /** What it writes. */
  content(index: number): Content {
    return CONTENTS[this.#content[index] as number] as Content;
  }

  /** True for one that changes a sector. */
  touches(index: number, disk: number, sector: number): boolean {
    const first = this.#sector[index] as number;
    return this.#disk[index] === disk && sector >= first &&
      sector < first + (this.#sectors[index] as number);
  }

  /** Its first sector. */
  sector(index: number): number {
    return this.#sector[index] as number;
  }

  /** Its disk. */
  disk(index: number): number {
    return this.#disk[index] as number;
  }

  /** One as it stands. */
  request(index: number): Request {
    return {
      index,
      disk: this.disk(index),
      sector: this.sector(index),
      count: this.#sectors[index] as number,
      content: this.content(index),
      issued: this.issued(index),
      ended: this.ended(index),
      acknowledged: this.acknowledged(index),
    };
  }

  /** The first one that was issued after an instant. */
  firstAfter(instant: number): number {
    return firstWhere(this.#count, (index) => (this.#issued[index] as number) > instant);
  }
}

/** The same numbers with room for as many again. */
export function enlarged<Row extends Numbers>(numbers: Row, least = 0): Row {
  const make = numbers.constructor as new (length: number) => Row;
  const larger = new make(Math.max(2 * numbers.length, least));
  larger.set(numbers);
  return larger;
}

/** The first of so many places for which `holds`; from there on it holds for all. */
export function firstWhere(places: number, holds: (place: number) => boolean): number {
  let low = 0;
  let high = places;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
