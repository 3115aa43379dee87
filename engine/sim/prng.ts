/**
 * Randomness of the simulated world: one seed, and a named stream of its own for every entity, so
 * that leaving one event out does not change what the others draw.
 *
 * Rule: integers only; equal in every JavaScript engine. This file knows no entity.
 *
 * @module
 */

import { assert } from "../core/base/assert.ts";

/** A 32-bit hash of `text` under `seed`: names become numbers. */
export function hashText(text: string, seed: number): number {
  let hash = seed ^ 0x9e3779b9;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    hash = (hash << 13) | (hash >>> 19);
  }
  return scramble(hash ^ text.length);
}

/** Spreads every bit of `value` over all 32 (the finalizer of MurmurHash3). */
export function scramble(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Steps of the table of the exponential distribution. */
const EXPONENTIAL_STEPS = 1024;

/** -ln(1 - (step + 1/2) / steps) in 1/65536, from `+ - * /` alone, which are exact everywhere. */
const EXPONENTIAL = exponentialTable();

function exponentialTable(): Uint32Array {
  const table = new Uint32Array(EXPONENTIAL_STEPS);
  for (let step = 0; step < EXPONENTIAL_STEPS; step++) {
    const x = EXPONENTIAL_STEPS / (EXPONENTIAL_STEPS - step - 0.5);
    table[step] = Math.floor(naturalLogarithm(x) * 65536);
  }
  return table;
}

function naturalLogarithm(value: number): number {
  const LN2 = 0.6931471805599453;
  let halvings = 0;
  let x = value;
  for (; x > 1.5; x /= 2) halvings++;
  const y = (x - 1) / (x + 1);
  let power = y;
  let sum = 0;
  for (let term = 1; term < 60; term += 2) {
    sum += power / term;
    power *= y * y;
  }
  return 2 * sum + halvings * LN2;
}

/** A stream of random numbers (sfc32), made from a seed or from another stream's name. */
export class Prng {
  readonly #key: number;
  readonly #salt: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** A stream for `seed` (a safe integer that is not negative) and `salt` (32 bits). */
  constructor(seed: number, salt = 0) {
    assert(Number.isSafeInteger(seed) && seed >= 0, "A seed is a safe integer");
    this.#key = scramble(seed % 0x100000000) ^ Math.floor(seed / 0x100000000);
    this.#salt = salt >>> 0;
    this.#a = scramble(this.#key ^ 0x2545f491) | 0;
    this.#b = scramble(this.#salt ^ 0x1b873593) | 0;
    this.#c = scramble(this.#key ^ Math.imul(this.#salt, 0x9e3779b1)) | 0;
    for (let round = 0; round < 12; round++) this.u32();
  }

  /** The stream called `name` of this one: the same whatever was drawn here. */
  stream(name: string): Prng {
    return new Prng(hashText(name, this.#key), hashText(name, this.#salt ^ 0x5bd1e995));
  }

  /** 32 random bits, unsigned. */
  u32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + sum) | 0;
    return sum >>> 0;
  }

  /** An integer from 0 to `limit` - 1; `limit` is a safe integer above 0. */
  below(limit: number): number {
    assert(limit > 0, "There is something to choose from");
    if (limit <= 0x100000000) return this.u32() % limit;
    return ((this.u32() & 0x1fffff) * 0x100000000 + this.u32()) % limit;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return high <= low ? low : low + this.below(high - low + 1);
  }

  /** True in `millionths` of 1,000,000 cases. Draws nothing at 0, so a fault that is off is free. */
  chance(millionths: number): boolean {
    return millionths > 0 && this.u32() % 1_000_000 < millionths;
  }

  /** True in half of all cases. */
  flip(): boolean {
    return (this.u32() & 1) === 1;
  }

  /** An integer, exponentially distributed with about this mean, at most some 8 times the mean. */
  exponential(mean: number): number {
    if (mean <= 0) return 0;
    return Math.floor((mean * (EXPONENTIAL[this.u32() % EXPONENTIAL_STEPS] as number)) / 65536);
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** `length` random bytes, owned by the caller. */
  bytes(length: number): Uint8Array {
    const words = new Uint32Array((length + 3) >>> 2);
    for (let at = 0; at < words.length; at++) words[at] = this.u32();
    return new Uint8Array(words.buffer, 0, length).slice();
  }
}
