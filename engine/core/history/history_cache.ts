/**
 * The memory of a replica's history: the one bounded cache of index pages and decoded contents (R5),
 * least recently used goes first, and the bounds of all else.
 *
 * Rule: what it holds is never changed by anybody. It does not know files; an owner is a number.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { CACHE_BYTES, HISTORY_BOUNDS, type HistoryBounds } from "./bounds.ts";

interface Item {
  readonly value: unknown;
  readonly bytes: number;
}

/** Shared by all files of one replica, or of all replicas of a server. */
export class HistoryCache {
  /** What bounds the memory that is not the cache's. */
  readonly bounds: HistoryBounds;
  readonly #capacity: number;
  readonly #items = new Map<string, Item>();
  #bytes = 0;
  #owners = 0;

  constructor(capacity: number = CACHE_BYTES, bounds: HistoryBounds = HISTORY_BOUNDS) {
    assert(bounds.runsMerged >= 2 && bounds.pageEntries >= 2, "Runs and pages become fewer");
    this.#capacity = capacity;
    this.bounds = bounds;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A number that no other owner has: the first part of its keys. */
  owner(): number {
    return ++this.#owners;
  }

  /** What is kept under `key`, which becomes the most recently used. */
  get<T>(key: string): T | undefined {
    const item = this.#items.get(key);
    if (item === undefined) return undefined;
    this.#items.delete(key);
    this.#items.set(key, item);
    return item.value as T;
  }

  /** Keeps `value`; what was used longest ago makes room. */
  put(key: string, value: unknown, bytes: number): void {
    if (bytes > this.#capacity) return;
    const before = this.#items.get(key);
    if (before !== undefined) this.#bytes -= before.bytes;
    this.#items.delete(key);
    this.#items.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const [oldest, item] of this.#items) {
      if (this.#bytes <= this.#capacity) break;
      this.#items.delete(oldest);
      this.#bytes -= item.bytes;
    }
  }
}
