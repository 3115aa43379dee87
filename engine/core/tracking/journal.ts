/**
 * The open replication log: it makes regions hot before they are written, evicts them, keeps headers
 * and bitmap pages, and survives not being writable.
 *
 * Rules: T1 (a region leaves the activity log only after its bits are durable, or its page covered),
 * T2 (a page is always written as delta ∪ current, taken from memory at that moment), T5 (headers
 * alternate, each durable before the next; pages and records carry the durable header's sequence),
 * T7, T8.
 * It does not know the disk's contents or the replica.
 *
 * @module
 */

// Long because: group commit, eviction, headers and the untrusted mark share one state.

import { type Failed, type Failure, isFailed, localFailure } from "../base/failure.ts";
import { assert } from "../base/assert.ts";
import { Bitmap } from "../block/bitmap.ts";
import type { FileChange } from "../ports/folder.ts";
import { Mutex } from "../runtime/lock.ts";
import type { Loop } from "../runtime/loop.ts";
import { Scope } from "../runtime/scope.ts";
import { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import { ActivityLog } from "./activity_log.ts";
import type { HrlFile } from "./hrl_file.ts";
import type { HrlHeader } from "./hrl_header.ts";
import { BATCH_RECORDS, type HrlLayout, PAGE_BLOCKS, UPDATES_MAX } from "./hrl_layout.ts";
import type { PageBits } from "./hrl_page.ts";
import { PageCover } from "./page_cover.ts";
import type { TrackingOptions } from "./tracking_base.ts";
import { mark } from "./untrusted_mark.ts";

/** Regions evicted with one flush at most. */
const EVICT_MAX = 128;

/** Blocks that a waiting write will change, marked durably ahead of it (T8). */
export interface Intent {
  readonly start: number;
  readonly end: number;
}

/** What a journal starts from. */
export interface JournalStart {
  readonly loop: Loop;
  /** For messages. */
  readonly name: string;
  readonly options: TrackingOptions;
  readonly file: HrlFile;
  /** The header that counts, and which copy has it. */
  readonly header: HrlHeader;
  readonly copy: 0 | 1;
  /** The next ring sequence, and the newest one known durable. */
  readonly nextSequence: number;
  readonly durableThrough: number;
  /** Pages whose sector may have bits set. */
  readonly stored: Bitmap;
  /** Bits of delta ∪ current, as they are in memory when asked. */
  readonly bits: PageBits;
}

/** The `.hrl` of one open disk. */
export class Journal {
  readonly #start: JournalStart;
  readonly #file: HrlFile;
  readonly #log: ActivityLog;
  readonly #cover: PageCover;
  readonly #scope: Scope;
  readonly #stored: Bitmap;
  readonly #bits: PageBits;
  readonly #headerTurn = new Mutex();
  readonly #pagesTurn = new Mutex();
  readonly #markTurn = new Mutex();
  readonly #wanted = new Set<number>();
  readonly #changed = new Signal();
  readonly #intents: Intent[] = [];
  #header: HrlHeader;
  #copy: 0 | 1;
  #nextSequence: number;
  #durableThrough: number;
  #keeping = false;
  #trust: "trusted" | "marked" | "unmarked" = "trusted";
  #trouble: Failure | undefined;

  constructor(start: JournalStart) {
    this.#start = start;
    this.#file = start.file;
    this.#log = new ActivityLog(this.#layout);
    this.#cover = new PageCover(this.#layout);
    this.#scope = new Scope(start.loop, `hrl ${start.name}`);
    this.#stored = start.stored;
    this.#bits = this.#cover.over(withIntents(start.bits, this.#intents));
    this.#header = start.header;
    this.#copy = start.copy;
    this.#nextSequence = start.nextSequence;
    this.#durableThrough = start.durableThrough;
  }

  get #layout(): HrlLayout {
    return this.#file.layout;
  }

  /** What the durable header says; while untrusted, what it would say. */
  get header(): HrlHeader {
    return this.#header;
  }

  /** False once the file cannot be written: tracking goes on in memory (T7). */
  get trusted(): boolean {
    return this.#trust === "trusted";
  }

  /** Why the file cannot be written. */
  get trouble(): Failure | undefined {
    return this.#trouble;
  }

  /** Regions hot now. */
  get hotRegions(): number {
    return this.#log.hotCount;
  }

  /**
   * Whether blocks `[start, end)` may be written at once: their regions are hot, their pages covered,
   * or all is tracked in memory. On the path of every guest write.
   */
  ready(start: number, end: number): boolean {
    if (this.#trust === "marked") return true;
    const { regionBlocks } = this.#layout;
    const last = Math.floor((end - 1) / regionBlocks);
    for (let region = Math.floor(start / regionBlocks); region <= last; region++) {
      if (!this.#log.use(region) && !this.#useCover(region, start, end)) return false;
    }
    return true;
  }

  /** Whether the part of `[start, end)` in a region that is not hot may be written by its cover. */
  #useCover(region: number, start: number, end: number): boolean {
    const { regionBlocks } = this.#layout;
    const from = Math.max(start, region * regionBlocks);
    const to = Math.min(end, (region + 1) * regionBlocks);
    if (!this.#cover.holds(from, to)) return false;
    this.#cover.use(from, to);
    return true;
  }

  /** Regions that blocks `[start, end)` touch. */
  regionsOf(start: number, end: number): number {
    const { regionBlocks } = this.#layout;
    return Math.floor((end - 1) / regionBlocks) - Math.floor(start / regionBlocks) + 1;
  }

  /**
   * Asks for the regions of blocks `[start, end)` to be hot, or for their pages to be covered where the
   * log is too small for them, and waits; look again with `ready`.
   */
  *heat(start: number, end: number): Task<void> {
    if (this.#trust === "unmarked") yield* this.#distrust(undefined);
    this.#refuseUnmarked();
    const { regionBlocks } = this.#layout;
    const first = Math.floor(start / regionBlocks);
    const last = Math.floor((end - 1) / regionBlocks);
    for (let region = first; region <= last; region++) this.#want(region, start, end);
    this.#keep();
    yield* this.#changed.until(() =>
      this.#trust !== "trusted" || !(this.#wants(first, last) || this.#cover.wants(start, end))
    );
    this.#refuseUnmarked();
  }

  /** Asks for the part of `[start, end)` in `region`, unless that was done. */
  #want(region: number, start: number, end: number): void {
    const { regionBlocks } = this.#layout;
    const from = Math.max(start, region * regionBlocks);
    const to = Math.min(end, (region + 1) * regionBlocks);
    if (this.#log.isHot(region) || this.#wanted.has(region)) return;
    if (this.#cover.holds(from, to) || this.#cover.wants(from, to)) return;
    if (this.#cover.returned(region)) this.#cover.want(from, to);
    else this.#wanted.add(region);
  }

  #refuseUnmarked(): void {
    if (this.#trust !== "unmarked") return;
    throw localFailure(
      "io-error",
      this.#trouble?.message ?? "The replication log cannot be written",
      "Make the folder of the log or the data folder writable, then write again",
    );
  }

  #wants(first: number, last: number): boolean {
    for (let region = first; region <= last; region++) {
      if (this.#wanted.has(region)) return true;
    }
    return false;
  }

  #keep(): void {
    if (this.#keeping) return;
    this.#keeping = true;
    this.#scope.spawn("activity log", this.#keeper());
  }

  /** Commits what is wanted and evicts what is idle, one flush each, until neither is needed. */
  *#keeper(): Task<void> {
    try {
      const low = Math.min(EVICT_MAX, this.#layout.slots >> 2);
      while (this.#trust === "trusted") {
        if (this.#cover.wants()) {
          yield* this.#coverPages();
          continue;
        }
        if (this.#wanted.size > 0) {
          yield* this.#log.freeCount > 0 ? this.#commit() : this.#evict(true);
          continue;
        }
        // Ahead of need, once for every time that regions were wanted, and only what is idle.
        if (this.#log.freeCount < low) yield* this.#evict(false);
        if (this.#wanted.size === 0 && !this.#cover.wants()) break;
      }
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      yield* this.#distrust(error);
    } finally {
      this.#keeping = false;
    }
  }

  /**
   * Makes wanted regions hot: their records are written and flushed before any write to them is
   * submitted (T1). A crash before the flush leaves regions that nothing was written to.
   */
  *#commit(): Task<void> {
    const updates = [];
    const most = Math.min(this.#log.freeCount, BATCH_RECORDS * UPDATES_MAX);
    for (const region of this.#wanted) {
      if (updates.length === most) break;
      if (this.#log.isHot(region)) this.#wanted.delete(region);
      else updates.push(this.#log.assign(region));
    }
    const from = this.#nextSequence;
    const records = this.#log.records(updates, from, this.#durableThrough, this.#header.sequence);
    this.#nextSequence += records.length;
    if (records.length > 0) {
      yield* this.#file.writeRecords(records);
      yield* this.#file.flush();
    }
    this.#durableThrough = Math.max(this.#durableThrough, from + records.length - 1);
    this.#log.commit(updates);
    for (const { region } of updates) this.#wanted.delete(region);
    this.#changed.notify();
  }

  /**
   * Marks wanted pages: they are written with every block at least suspected, and flushed, before any
   * write by them is submitted (T1). A crash before the flush leaves pages that nothing was written by,
   * whichever of their two states survives; a crash after it, blocks that are compared.
   */
  *#coverPages(): Task<void> {
    const pages = this.#cover.say();
    yield* this.#writePages(pages, true);
    this.#cover.commit(pages);
    this.#changed.notify();
  }

  /**
   * Frees slots: the bits of idle regions are written and flushed first (T1), unless covers say enough
   * of them. The ring still names the regions until their slots are used again: a crash suspects more
   * than it must.
   */
  *#evict(must: boolean): Task<void> {
    const victims = this.#log.victims(
      Math.max(1, Math.min(EVICT_MAX, this.#layout.slots >> 2)),
      must,
    );
    if (victims.length === 0) return;
    const pages = new Bitmap(this.#layout.pages);
    const { regionBlocks, blocks } = this.#layout;
    for (const region of victims) {
      const start = region * regionBlocks;
      const covered = this.#cover.holds(start, Math.min(blocks, start + regionBlocks));
      if (!covered) this.#addPages(pages, region);
    }
    if (!pages.empty) yield* this.#writePages(pages, true);
    for (const region of victims) {
      if (this.#log.release(region)) this.#cover.evicted(region);
    }
  }

  #addPages(pages: Bitmap, region: number): void {
    const { regionBlocks, blocks } = this.#layout;
    const end = Math.min(blocks, (region + 1) * regionBlocks);
    pages.set(Math.floor((region * regionBlocks) / PAGE_BLOCKS), Math.ceil(end / PAGE_BLOCKS));
  }

  /** Writes pages one batch after another, so that of two writes of a page the later has the later bits. */
  *#writePages(pages: Bitmap, durable: boolean): Task<void> {
    yield* this.#pagesTurn.lock();
    try {
      for (const { start, end } of [...pages.runs()]) {
        const sequence = this.#header.sequence;
        yield* this.#file.writePages(start, end - start, sequence, this.#bits, (index, any) => {
          if (any) this.#stored.set(index);
          else this.#stored.clear(index);
        });
      }
      if (durable) yield* this.#file.flush();
    } finally {
      this.#pagesTurn.unlock();
    }
  }

  /**
   * Marks blocks changed in their pages, durably, ahead of a write that spans many regions (T8).
   * The intent stays in every page written until `forget`, which belongs into the step that
   * submits the write and sets its bits.
   */
  *intend(start: number, end: number): Task<Intent> {
    const intent = { start, end };
    this.#intents.push(intent);
    try {
      if (this.#trust !== "marked") {
        const pages = new Bitmap(this.#layout.pages);
        pages.set(Math.floor(start / PAGE_BLOCKS), Math.ceil(end / PAGE_BLOCKS));
        yield* this.#guarded(this.#writePages(pages, true));
        this.#refuseUnmarked();
      }
      return intent;
    } catch (error) {
      this.forget(intent);
      throw error;
    }
  }

  /**
   * Makes room for the bits of a disk that is to become larger. A crash leaves a file that is longer than its
   * header says, which is no harm; a failure leaves the log as it is.
   */
  *reserve(layout: HrlLayout): Task<void> {
    if (this.#trust === "trusted") yield* this.#file.allocate(layout);
  }

  /** The disk is as large as `layout` says from here on. */
  extend(layout: HrlLayout): void {
    this.#file.extend(layout);
    this.#stored.grow(layout.pages);
    this.#cover.grow(layout);
  }

  /** Takes an intent back. */
  forget(intent: Intent): void {
    const place = this.#intents.indexOf(intent);
    if (place >= 0) this.#intents.splice(place, 1);
  }

  /** Writes every page, durably: after the bits of the whole disk changed. */
  *storeAll(): Task<void> {
    const pages = new Bitmap(this.#layout.pages);
    pages.set(0, this.#layout.pages);
    yield* this.#guarded(this.#writePages(pages, true));
  }

  /** Writes the pages of `blocks`, durably: after their bits were set in memory without a write of them. */
  *storeSet(blocks: Bitmap): Task<void> {
    const pages = new Bitmap(this.#layout.pages);
    for (const { start, end } of blocks.runs()) {
      pages.set(Math.floor(start / PAGE_BLOCKS), Math.ceil(end / PAGE_BLOCKS));
    }
    if (!pages.empty) yield* this.#guarded(this.#writePages(pages, true));
  }

  /**
   * Writes again the pages with bits of `cleared` blocks, after these were cleared in memory (T2),
   * durably.
   */
  *storeCleared(cleared: Bitmap): Task<void> {
    const pages = this.#pagesWith(cleared);
    if (!pages.empty) yield* this.#guarded(this.#writePages(pages, true));
  }

  /**
   * The open delta was staged: writes again the pages with bits of its `cleared` blocks, and those
   * that need no cover any more. From this step on their blocks are written by hot regions alone.
   * It need not be durable: an old page has more bits, never fewer, and a torn one is compared.
   */
  *storeStaged(cleared: Bitmap): Task<void> {
    const pages = this.#cover.age();
    pages.addAll(this.#pagesWith(cleared));
    if (!pages.empty) yield* this.#guarded(this.#writePages(pages, false));
  }

  #pagesWith(cleared: Bitmap): Bitmap {
    const pages = new Bitmap(this.#layout.pages);
    for (let at = this.#stored.next(0); at >= 0; at = this.#stored.next(at + 1)) {
      if (cleared.any(at * PAGE_BLOCKS, (at + 1) * PAGE_BLOCKS)) pages.set(at);
    }
    return pages;
  }

  /**
   * Changes the header: into the older copy, flushed; the newer one stays whole until then (T5).
   * When it returns the change is durable, or the file is untrusted and the next start compares all.
   */
  *update(change: Partial<HrlHeader>): Task<void> {
    yield* this.#headerTurn.lock();
    try {
      const sequence = this.#header.sequence + 1;
      const next = { ...this.#header, ...change, sequence, logDurable: this.#durableThrough };
      const copy = this.#copy === 0 ? 1 : 0;
      yield* this.#guarded(this.#replaceHeader(copy, next));
      this.#header = next;
      this.#copy = copy;
    } finally {
      this.#headerTurn.unlock();
    }
  }

  /**
   * When the log was last written, by the clock of its file system; `fresh`: it is written for that just now. The
   * copy that does not count is written with what the other one says, so that whichever is found after a crash
   * says the same (T5). `undefined` when the log cannot be written, or the time not be told.
   */
  *now(fresh: boolean): Task<FileChange | undefined> {
    if (fresh) yield* this.#touch();
    return this.trusted ? yield* this.#file.lastChange() : undefined;
  }

  *#touch(): Task<void> {
    yield* this.#headerTurn.lock();
    try {
      const copy = this.#copy === 0 ? 1 : 0;
      const same = { ...this.#header, sequence: this.#header.sequence + 1 };
      yield* this.#guarded(this.#file.writeHeader(copy, same));
    } finally {
      this.#headerTurn.unlock();
    }
  }

  *#replaceHeader(copy: 0 | 1, header: HrlHeader): Task<void> {
    if (this.#trust !== "trusted") return;
    yield* this.#file.writeHeader(copy, header);
    yield* this.#file.flush();
  }

  /**
   * Begins a run, after a clean stop with `pages` undefined; otherwise the caller holds what was
   * recovered, and `pages` are those that do not say it yet. Open, and that all is suspected if it
   * is, are durable in both copies, then the recovered bits, and only then are the old records and
   * the suspicion forgotten: a crash anywhere is recovered again, from no fewer bits.
   */
  *begin(pages: Bitmap | undefined, whole: boolean): Task<void> {
    const logFrom = this.#nextSequence;
    const change = pages === undefined ? { open: true, logFrom } : { open: true, whole };
    yield* this.update(change);
    yield* this.update(change);
    if (pages === undefined) return;
    yield* this.#guarded(this.#writePages(pages, true));
    yield* this.update({ logFrom, whole: false });
  }

  /** Runs what writes the file; a failure makes the file untrusted and is not thrown (T7). */
  *#guarded(task: Task<void>): Task<void> {
    if (this.#trust !== "trusted") return;
    try {
      yield* task;
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      yield* this.#distrust(error);
    }
  }

  *#distrust(error: Failed | undefined): Task<void> {
    yield* this.#markTurn.lock();
    try {
      if (this.#trust === "marked") return;
      const cause = error?.failure.message ?? this.#trouble?.message ?? "";
      if (error !== undefined) this.#trouble = this.#lost(cause);
      this.#trust = "unmarked";
      yield* mark(this.#start.options, cause);
      this.#trust = "marked";
    } catch (inner) {
      if (!isFailed(inner) || inner.code === "cancelled") throw inner;
    } finally {
      this.#markTurn.unlock();
      this.#wanted.clear();
      this.#cover.refuse();
      this.#changed.notify();
    }
  }

  #lost(cause: string): Failure {
    return {
      code: "io-error",
      side: "local",
      message: `The replication log "${this.#start.name}.hrl" cannot be written: ${cause}`,
      action: "Repair its storage and restart the service; the disk is compared then",
    };
  }

  /**
   * Ends the run. `stamp` is given when the disk was flushed and nothing is lost: then the bits are
   * written, flushed, and after them the header that says "closed cleanly" (T6). A crash before
   * that header is durable is an unclean stop.
   */
  *close(stamp: HrlHeader["stamp"] | undefined): Task<void> {
    yield* this.#scope.cancel();
    this.#wanted.clear();
    this.#cover.clear();
    this.#changed.notify();
    assert(this.#intents.length === 0, "A disk is closed with nothing in flight");
    try {
      if (stamp !== undefined && this.#trust === "trusted") {
        const pages = this.#stored.copy();
        for (const region of this.#log.hotRegions()) this.#addPages(pages, region);
        yield* this.#guarded(this.#writePages(pages, true));
        if (this.trusted) yield* this.update({ open: false, stamp, logFrom: this.#nextSequence });
      }
    } finally {
      // Also where nothing can be written: nobody else could open it.
      yield* this.#file.close();
    }
  }
}

/** `bits` with the blocks of `intents` as surely changed. */
function withIntents(bits: PageBits, intents: readonly Intent[]): PageBits {
  function intended(word: number): number {
    let mask = 0;
    for (const { start, end } of intents) {
      const low = Math.max(0, start - 32 * word);
      const high = Math.min(32, end - 32 * word);
      for (let bit = low; bit < high; bit++) mask |= 1 << bit;
    }
    return mask;
  }
  return {
    first: (word) => intents.length === 0 ? bits.first(word) : bits.first(word) | intended(word),
    second: (word) =>
      intents.length === 0 ? bits.second(word) : bits.second(word) & ~intended(word),
  };
}
