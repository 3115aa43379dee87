/**
 * The table of hot regions, in memory: which slot holds which region, which are free, and which
 * may be evicted next.
 *
 * Rule: a region is hot for a writer only once the record that names it is durable; until then it
 * is *assigned*. It does not know files.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { type HrlLayout, NO_REGION, UPDATES_MAX, WINDOW } from "./hrl_layout.ts";
import type { HrlRecord, SlotUpdate } from "./hrl_record.ts";

/** Slots and regions of one disk. */
export class ActivityLog {
  readonly #layout: HrlLayout;
  readonly #table: Uint32Array;
  /** Second chance: set by every write, cleared by the sweeping hand. */
  readonly #used: Uint8Array;
  readonly #slotOf = new Map<number, number>();
  readonly #freed: number[] = [];
  #fresh = 0;
  #hand = 0;
  #window = 0;

  constructor(layout: HrlLayout) {
    this.#layout = layout;
    this.#table = new Uint32Array(layout.slots).fill(NO_REGION);
    this.#used = new Uint8Array(layout.slots);
  }

  /** Regions hot now. */
  get hotCount(): number {
    return this.#slotOf.size;
  }

  /** Slots that hold nothing. */
  get freeCount(): number {
    return this.#freed.length + this.#layout.slots - this.#fresh;
  }

  /** Whether `region` is hot; if so it was used just now. On the path of every guest write. */
  use(region: number): boolean {
    const slot = this.#slotOf.get(region);
    if (slot === undefined) return false;
    this.#used[slot] = 1;
    return true;
  }

  /** Whether `region` is hot. */
  isHot(region: number): boolean {
    return this.#slotOf.has(region);
  }

  /** Every hot region. */
  hotRegions(): IterableIterator<number> {
    return this.#slotOf.keys();
  }

  /** Gives `region` a free slot; it becomes hot by `commit`. */
  assign(region: number): SlotUpdate {
    const slot = this.#freed.pop() ?? this.#fresh++;
    assert(slot < this.#layout.slots, "A region is assigned only where a slot is free");
    this.#table[slot] = region;
    return { slot, region };
  }

  /** The record that names `updates` is durable: they are hot. */
  commit(updates: readonly SlotUpdate[]): void {
    for (const { slot, region } of updates) {
      this.#slotOf.set(region, slot);
      this.#used[slot] = 1;
    }
  }

  /**
   * Picks up to `most` hot regions that were not used since the hand came by, marking those it
   * passes unused. `must`: goes round twice, so that some are found even when all are in use.
   */
  victims(most: number, must: boolean): number[] {
    const slots = this.#layout.slots;
    const victims: number[] = [];
    const steps = must ? 2 * slots : slots;
    for (let step = 0; step < steps && victims.length < most; step++) {
      const slot = this.#hand;
      this.#hand = (slot + 1) % slots;
      const region = this.#table[slot] ?? NO_REGION;
      if (region === NO_REGION || this.#slotOf.get(region) !== slot) continue;
      if (this.#used[slot] === 1) this.#used[slot] = 0;
      else if (!victims.includes(region)) victims.push(region);
    }
    return victims;
  }

  /** Frees `region`, whose bits are durable; false if it was used since `victims` picked it. */
  release(region: number): boolean {
    const slot = this.#slotOf.get(region);
    if (slot === undefined || this.#used[slot] === 1) return false;
    this.#slotOf.delete(region);
    this.#table[slot] = NO_REGION;
    this.#freed.push(slot);
    return true;
  }

  /** The records that make `updates` durable, from ring sequence `from` on. */
  records(
    updates: readonly SlotUpdate[],
    from: number,
    durableThrough: number,
    headerSequence: number,
  ): HrlRecord[] {
    const records: HrlRecord[] = [];
    for (let at = 0; at < updates.length; at += UPDATES_MAX) {
      const contextStart = this.#window;
      const context = this.#table.slice(contextStart, contextStart + WINDOW);
      this.#window = contextStart + WINDOW >= this.#layout.slots ? 0 : contextStart + WINDOW;
      records.push({
        headerSequence,
        sequence: from + records.length,
        durableThrough,
        updates: updates.slice(at, at + UPDATES_MAX),
        contextStart,
        context,
      });
    }
    return records;
  }
}

/** What a ring told. */
export type RingFound =
  /** Sequences: the newest sound record, the newest known durable, the highest header named. */
  & { readonly newest: number; readonly durable: number; readonly headerSequence: number }
  & (
    | { readonly kind: "hot"; readonly regions: ReadonlySet<number> }
    | { readonly kind: "broken"; readonly reason: string }
  );

/**
 * Finds the hot regions from the sound records of a ring. Of records that were never known durable
 * any may be missing: their regions were not written to, and what they replaced has durable bits.
 */
export function readRing(
  layout: HrlLayout,
  records: readonly (HrlRecord | undefined)[],
  header: { readonly sequence: number; readonly logFrom: number; readonly logDurable: number },
): RingFound {
  let newest = Math.max(header.logDurable, header.logFrom - 1);
  let durable = newest;
  const bySequence = new Map<number, HrlRecord>();
  let headerSequence = 0;
  records.forEach((record, place) => {
    if (record === undefined) return;
    headerSequence = Math.max(headerSequence, record.headerSequence);
    if (record.sequence > newest) newest = record.sequence;
    if (record.sequence < header.logFrom || record.sequence % layout.records !== place) return;
    if (record.durableThrough > durable) durable = record.durableThrough;
    bySequence.set(record.sequence, record);
  });
  const found = { newest, durable, headerSequence };
  if (headerSequence > header.sequence) {
    return { kind: "broken", reason: "The header is older than the activity log", ...found };
  }
  const table = new Uint32Array(layout.slots).fill(NO_REGION);
  const oldest = Math.max(header.logFrom, durable - layout.cover + 1);
  for (let sequence = oldest; sequence <= newest; sequence++) {
    const record = bySequence.get(sequence);
    if (record !== undefined) replay(table, record);
    else if (sequence <= durable) {
      return { kind: "broken", reason: "A record of the activity log is missing", ...found };
    } else if (sequence - durable > layout.records) break;
  }
  const regions = new Set<number>();
  for (const region of table) {
    if (region !== NO_REGION && region < layout.regions) regions.add(region);
  }
  return { kind: "hot", regions, ...found };
}

function replay(table: Uint32Array, record: HrlRecord): void {
  record.context.forEach((region, index) => {
    const slot = record.contextStart + index;
    if (slot < table.length) table[slot] = region;
  });
  for (const { slot, region } of record.updates) {
    if (slot < table.length) table[slot] = region;
  }
}
