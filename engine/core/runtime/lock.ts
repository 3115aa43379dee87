/**
 * Locks: a mutex, and a lock over ranges of blocks, both first in, first out.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { Token } from "./loop.ts";
import { suspend, type Task, type Wait } from "./task.ts";

/** One holder at a time, in the order of asking. */
export class Mutex {
  #held = false;
  readonly #waiting: Turn[] = [];

  /** True while somebody holds it. */
  get held(): boolean {
    return this.#held;
  }

  /** Waits for the lock. Every `lock` is followed by one `unlock`, in a `finally`. */
  *lock(): Task<void> {
    if (!this.#held) {
      this.#held = true;
      return;
    }
    const turn = new Turn(this.#waiting);
    try {
      yield* suspend<void>(turn);
    } catch (error) {
      // Cancelled after the turn had come but before the task ran: it is passed on.
      if (turn.came) this.unlock();
      throw error;
    }
  }

  /** Hands the lock to whoever has waited longest. */
  unlock(): void {
    assert(this.#held, "Only a held lock is unlocked");
    const next = this.#waiting.shift();
    if (next === undefined) this.#held = false;
    else next.come();
  }

  /** Runs `task` while holding the lock. */
  *during<T>(task: Task<T>): Task<T> {
    yield* this.lock();
    try {
      return yield* task;
    } finally {
      this.unlock();
    }
  }
}

/** Waits in a line. */
class Turn implements Wait {
  /** True once the lock was handed to this turn. */
  came = false;
  readonly #line: Turn[];
  #token: Token | undefined;

  constructor(line: Turn[]) {
    this.#line = line;
  }

  /** Hands the lock over. */
  come(): void {
    this.came = true;
    this.#token?.resume();
  }

  begin(token: Token): () => void {
    this.#token = token;
    this.#line.push(this);
    return () => {
      const place = this.#line.indexOf(this);
      if (place >= 0) this.#line.splice(place, 1);
    };
  }
}

/** A range that somebody holds or waits for: `[start, end)`. */
interface Claim {
  readonly start: number;
  readonly end: number;
  granted: boolean;
  token: Token | undefined;
}

/** What `RangeLock.lock` gives: hand it back to `unlock`. */
export interface RangeHold {
  /** First index of the range. */
  readonly start: number;
  /** One past the last index. */
  readonly end: number;
}

/**
 * Exclusive holds on ranges. Who asks first for an overlapping range gets it first; ranges that do
 * not overlap never wait for each other.
 */
export class RangeLock {
  #claims: Claim[] = [];

  /** Waits until no earlier claim overlaps `[start, end)`. */
  *lock(start: number, end: number): Task<RangeHold> {
    const claim: Claim = { start, end, granted: true, token: undefined };
    for (const other of this.#claims) {
      if (other.start < end && start < other.end) {
        claim.granted = false;
        break;
      }
    }
    this.#claims.push(claim);
    if (claim.granted) return claim;
    try {
      yield* suspend<void>(new ClaimWait(claim));
    } catch (error) {
      // Cancelled, before or after the range was granted: either way it holds up nobody any more.
      this.unlock(claim);
      throw error;
    }
    return claim;
  }

  /** Gives a range back and grants those that it held up. */
  unlock(hold: RangeHold): void {
    const place = this.#claims.indexOf(hold as Claim);
    assert(place >= 0, "Only a held range is unlocked");
    this.#claims.splice(place, 1);
    for (let at = place; at < this.#claims.length; at++) {
      const claim = this.#claims[at] as Claim;
      if (claim.granted || claim.start >= hold.end || hold.start >= claim.end) continue;
      if (this.#blocked(claim, at)) continue;
      claim.granted = true;
      claim.token?.resume();
    }
  }

  #blocked(claim: Claim, place: number): boolean {
    for (let at = 0; at < place; at++) {
      const other = this.#claims[at] as Claim;
      if (other.start < claim.end && claim.start < other.end) return true;
    }
    return false;
  }
}

class ClaimWait implements Wait {
  readonly #claim: Claim;

  constructor(claim: Claim) {
    this.#claim = claim;
  }

  begin(token: Token): () => void {
    this.#claim.token = token;
    if (this.#claim.granted) token.resume();
    return () => {};
  }
}
