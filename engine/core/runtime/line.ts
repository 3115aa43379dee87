/**
 * Lines: those who are somewhere at this moment, in the order in which they came.
 *
 * What a set would be, for members that come and go with every request: a set makes a new table each few
 * times that somebody leaves, which is most of the garbage of a server that does little else.
 *
 * Rule: a member is in one line at a time, and comes to it once at a time.
 *
 * @module
 */

import { assert } from "../base/assert.ts";

/** Who may stand in a line. */
export interface Member {
  /** For its line alone: where it stands; -1 nowhere. */
  place: number;
}

/** Gaps up to which nobody moves up. */
const GAPS = 32;

/** Members in the order in which they came. */
export class Line<T extends Member> {
  #places: (T | undefined)[] = [];
  /** Places in use, gaps between them included. */
  #end = 0;
  #size = 0;

  /** Members. */
  get size(): number {
    return this.#size;
  }

  /** Comes last. */
  add(member: T): void {
    assert(member.place < 0, "A member is in one line at a time");
    member.place = this.#end;
    this.#places[this.#end++] = member;
    this.#size++;
  }

  /** Leaves; false for one that is not in this line. */
  delete(member: T): boolean {
    const { place } = member;
    if (place < 0 || this.#places[place] !== member) return false;
    this.#places[place] = undefined;
    member.place = -1;
    this.#size--;
    while (this.#end > 0 && this.#places[this.#end - 1] === undefined) this.#end--;
    if (this.#end > GAPS && this.#end > 2 * this.#size) this.#moveUp();
    return true;
  }

  /** Everybody leaves. */
  clear(): void {
    for (const member of this.all()) member.place = -1;
    this.#places = [];
    this.#end = 0;
    this.#size = 0;
  }

  /** Everybody who is in it at this moment, first come first. */
  all(): T[] {
    const all: T[] = [];
    for (let at = 0; at < this.#end; at++) {
      const member = this.#places[at];
      if (member !== undefined) all.push(member);
    }
    return all;
  }

  #moveUp(): void {
    const all = this.all();
    for (let at = 0; at < all.length; at++) (all[at] as T).place = at;
    this.#places = all;
    this.#end = all.length;
  }
}
