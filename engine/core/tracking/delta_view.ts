/**
 * A view of what a delta has to send: as the disk was at the cut (frozen), or as it is (live).
 *
 * Rule (C2): the save of a block's old content and the view's read of that block exclude each other;
 * a guest write to a block that still needs saving waits for the save, so that no write overtakes it.
 * A save that fails gives the view up and the write goes on. It does not know the network: whoever
 * sends takes runs by `nextChanged`, and returns each by `release` or `putBack`. Suspected blocks are taken by
 * `nextSuspected`: each is released because it was equal, or confirmed, and then handed out by `nextChanged`.
 *
 * @module
 */

// Long because: handing out, reading, saving and releasing are four sides of one bookkeeping.

import { assert } from "../base/assert.ts";
import { internalFailure, isFailed, localFailure } from "../base/failure.ts";
import { Bitmap, type Run } from "../block/bitmap.ts";
import type { ContentKind } from "../block/extent.ts";
import type { Disk } from "../ports/disk.ts";
import { RangeLock } from "../runtime/lock.ts";
import type { Task } from "../runtime/task.ts";
import type { BlockSet } from "./block_set.ts";
import type { CowStore } from "./cow_store.ts";

/** Bytes saved or read under one hold of the range lock. */
const STEP_BYTES = 1024 * 1024;

/** A run of blocks to be sent. */
export interface DeltaRun {
  /** First byte. */
  readonly at: number;
  /** Bytes. */
  readonly length: number;
  /** Whether it reads as zeros, known without reading. */
  readonly kind: ContentKind;
  /** Whether it may be unchanged: compare by digest before sending. */
  readonly suspected: boolean;
}

/** What a view needs of the disk it belongs to. */
export interface ViewOwner {
  readonly disk: Disk;
  /** Bytes of the disk when the view is made. */
  readonly size: number;
  readonly blockSize: number;
  readonly cow: CowStore;
  /** What has not been released; shared with the tracked disk, which keeps it over give-ups (C4). */
  readonly rest: BlockSet;
  /** What was released because the base has it so; shared as well. */
  readonly equal: Bitmap;
  /** A block at byte `at` could not be read, or could be again. */
  unreadable(at: number, length: number, failed: boolean): void;
  /** The view was given up. */
  givenUp(reason: string): void;
}

/** What one delta still has to send, and how it reads. */
export class DeltaView {
  /** `frozen`: as at the cut. `live`: as it is. */
  readonly mode: "frozen" | "live";
  readonly #owner: ViewOwner;
  /** Changed and not handed out; a subset of what the owner has left. */
  readonly #waiting: Bitmap;
  /** Suspected and not handed out; has no block in common with `#waiting`. */
  readonly #doubtful: Bitmap;
  /** Blocks whose old content is on the disk alone: a write must save them first. */
  readonly #unsaved: Bitmap;
  /** Slot in the `.cow` of each saved block. */
  readonly #saved = new Map<number, number>();
  readonly #lock = new RangeLock();
  #cursor: number;
  /** Begins anew at the beginning of the disk once its end was reached. */
  readonly #wraps: boolean;
  #doubtfulCursor = 0;
  #alive = true;
  #attached = true;
  #givenUpBecause: string | undefined;

  /**
   * Made by `TrackedDisk.swap` alone. `from`: what is changed is handed out once, from that byte to the end of the
   * disk, and what is before it waits for another view.
   */
  constructor(mode: "frozen" | "live", owner: ViewOwner, from?: number) {
    this.mode = mode;
    this.#wraps = from === undefined;
    this.#cursor = Math.floor((from ?? 0) / owner.blockSize);
    this.#owner = owner;
    this.#waiting = owner.rest.all.copy();
    this.#waiting.removeAll(owner.rest.suspected);
    this.#doubtful = owner.rest.suspected.copy();
    this.#unsaved = mode === "frozen" ? owner.rest.all.copy() : new Bitmap(owner.rest.size);
    if (mode === "frozen") this.#unsaved.removeAll(owner.rest.zero);
  }

  /** Bytes of the disk when it was made: what the disk has grown by since is of the next delta (C6). */
  get size(): number {
    return this.#owner.size;
  }

  /** False once it was given up or closed: nothing can be read from it. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Why it was given up; `undefined` while it lives or when it was closed in order. */
  get givenUpBecause(): string | undefined {
    return this.#givenUpBecause;
  }

  /** Bytes not handed out, suspected ones included. */
  get remainingBytes(): number {
    return (this.#waiting.count + this.#doubtful.count) * this.#owner.blockSize;
  }

  /** The byte from which on it goes on handing out what is changed. */
  get sweptTo(): number {
    return this.#cursor * this.#owner.blockSize;
  }

  /** True when it lives and has handed out all there is from where it goes on to the end of the disk. */
  get swept(): boolean {
    return this.#alive && this.#doubtful.empty &&
      this.#waiting.nextRun(this.#cursor) === undefined;
  }

  /** Takes the next run, of at most `maxBytes` and of one kind; what is changed first. */
  next(maxBytes: number): DeltaRun | undefined {
    const changed = this.nextChanged(maxBytes);
    if (changed !== undefined) return changed;
    const doubtful = this.nextSuspected(maxBytes, this.#owner.blockSize);
    return doubtful === undefined ? undefined : { ...doubtful, kind: "data", suspected: true };
  }

  /** Takes the next run that is changed; `undefined` when none waits. */
  nextChanged(maxBytes: number): DeltaRun | undefined {
    if (!this.#alive) return undefined;
    const { blockSize, rest } = this.#owner;
    const most = Math.max(1, Math.floor(maxBytes / blockSize));
    const run = this.#waiting.nextRun(this.#cursor, most) ??
      (this.#wraps ? this.#waiting.nextRun(0, most) : undefined);
    if (run === undefined) return undefined;
    const zero = rest.zero.has(run.start);
    const end = edge(rest.zero, run, zero);
    this.#waiting.clear(run.start, end);
    this.#cursor = end;
    const kind = zero ? "zero" : "data";
    const at = run.start * blockSize;
    return { at, length: (end - run.start) * blockSize, kind, suspected: false };
  }

  /**
   * Takes the next run of suspected blocks, of at most `maxBytes`; one that goes on behind that ends at a
   * multiple of `unit`, so that the next one begins at one. `undefined` when none waits.
   */
  nextSuspected(
    maxBytes: number,
    unit: number,
  ): { readonly at: number; readonly length: number } | undefined {
    if (!this.#alive) return undefined;
    const { blockSize } = this.#owner;
    const most = Math.max(1, Math.floor(maxBytes / blockSize));
    const run = this.#doubtful.nextRun(this.#doubtfulCursor, most) ??
      this.#doubtful.nextRun(0, most);
    if (run === undefined) return undefined;
    const units = Math.max(1, Math.floor(unit / blockSize));
    const aligned = run.end - run.end % units;
    const end = run.end - run.start === most && aligned > run.start ? aligned : run.end;
    this.#doubtful.clear(run.start, end);
    this.#doubtfulCursor = end;
    return { at: run.start * blockSize, length: (end - run.start) * blockSize };
  }

  /** Suspected blocks are changed, or as good as that: `nextChanged` hands them out. */
  confirm(at: number, length: number): void {
    if (!this.#attached) return;
    const { blockSize, rest } = this.#owner;
    const start = at / blockSize;
    const end = (at + length) / blockSize;
    this.#eachRun(rest.suspected, start, end, (from, to) => this.#waiting.set(from, to));
    rest.suspected.clear(start, end);
    this.#doubtful.clear(start, end);
    this.#cursor = Math.min(this.#cursor, start);
  }

  /** The base has these blocks as this view reads them: they leave the delta, and nothing was sent of them. */
  releaseEqual(at: number, length: number): void {
    if (!this.#attached) return;
    const { blockSize, equal } = this.#owner;
    equal.set(at / blockSize, (at + length) / blockSize);
    this.release(at, length);
  }

  /** What `nextSuspected` handed out and nobody released or confirmed waits again. */
  putBackSuspected(at: number, length: number): void {
    if (!this.#attached) return;
    const { blockSize, rest } = this.#owner;
    if (rest.suspected.empty) return;
    const start = at / blockSize;
    const end = (at + length) / blockSize;
    this.#eachRun(rest.suspected, start, end, (from, to) => this.#doubtful.set(from, to));
    this.#doubtfulCursor = Math.min(this.#doubtfulCursor, start);
  }

  /** The runs of `bits` in `[start, end)`, clipped to it. */
  #eachRun(bits: Bitmap, start: number, end: number, visit: (from: number, to: number) => void) {
    for (let run = bits.nextRun(start); run !== undefined && run.start < end;) {
      visit(run.start, Math.min(run.end, end));
      run = bits.nextRun(run.end);
    }
  }

  /** Whether the disk has nothing at all there: zeros, that nobody needs to read. */
  *isHole(at: number, length: number): Task<boolean> {
    const { disk, blockSize } = this.#owner;
    this.#check();
    if (this.mode === "live") return (yield* disk.allocated(at, length)).length === 0;
    const start = at / blockSize;
    const end = (at + length) / blockSize;
    const hold = yield* this.#lock.lock(start, end);
    try {
      this.#check();
      // What was saved is not what the disk has now.
      if (this.#unsaved.countIn(start, end) !== end - start) return false;
      const extents = yield* disk.allocated(at, length);
      this.#check();
      return extents.length === 0;
    } finally {
      this.#lock.unlock(hold);
    }
  }

  /**
   * Reads whole blocks that `next` handed out; owned by the caller. Throws `view-given-up`, or
   * `latent-sector` naming the first offset that cannot be read (T10: the block keeps its bit).
   */
  *read(at: number, length: number): Task<Uint8Array> {
    const { blockSize } = this.#owner;
    assert(at % blockSize === 0 && length % blockSize === 0, "A view reads whole blocks");
    this.#check();
    if (this.mode === "live") return yield* this.#readDisk(at, length);
    if (length <= STEP_BYTES) return yield* this.#readFrozen(at, length);
    const result = new Uint8Array(length);
    for (let from = 0; from < length; from += STEP_BYTES) {
      const part = Math.min(STEP_BYTES, length - from);
      result.set(yield* this.#readFrozen(at + from, part), from);
    }
    return result;
  }

  #check(): void {
    if (this.#alive) return;
    const reason = this.#givenUpBecause ?? "it was closed";
    throw internalFailure("view-given-up", `The frozen view is gone: ${reason}`);
  }

  *#readFrozen(at: number, length: number): Task<Uint8Array> {
    const { blockSize } = this.#owner;
    const start = at / blockSize;
    const end = (at + length) / blockSize;
    const hold = yield* this.#lock.lock(start, end);
    try {
      this.#check();
      // While the range is held no save of it begins, and so no write of an unsaved block (C2).
      if (this.#unsaved.countIn(start, end) === end - start) {
        const data = yield* this.#readDisk(at, length);
        this.#check();
        return data;
      }
      const result = new Uint8Array(length);
      let block = start;
      while (block < end) {
        const stop = this.#stretch(block, end);
        const from = (block - start) * blockSize;
        yield* this.#readStretch(block, stop, result.subarray(from, (stop - start) * blockSize));
        this.#check();
        block = stop;
      }
      return result;
    } finally {
      this.#lock.unlock(hold);
    }
  }

  /** Where the blocks from `block` on stop being alike: unsaved, saved, or zero. */
  #stretch(block: number, end: number): number {
    if (this.#unsaved.has(block)) return Math.min(end, this.#unsaved.nextClear(block));
    const saved = this.#saved.has(block);
    let stop = block + 1;
    while (stop < end && !this.#unsaved.has(stop) && this.#saved.has(stop) === saved) stop++;
    return stop;
  }

  *#readStretch(start: number, end: number, target: Uint8Array): Task<void> {
    const { blockSize, cow, rest } = this.#owner;
    if (this.#unsaved.has(start)) {
      const at = start * blockSize;
      target.set(yield* this.#readDisk(at, (end - start) * blockSize));
    } else if (this.#saved.has(start)) {
      const slots: number[] = [];
      for (let block = start; block < end; block++) slots.push(this.#saved.get(block) as number);
      try {
        yield* cow.read(slots, target);
      } catch (error) {
        if (!isFailed(error) || error.code === "cancelled") throw error;
        this.giveUp(`old contents cannot be read back (${error.failure.message})`);
      }
    } else {
      assert(rest.zero.has(start), "A frozen view reads what it has not released");
    }
  }

  /** Reads the disk; on failure finds the first block that cannot be read and names it. */
  *#readDisk(at: number, length: number): Task<Uint8Array> {
    const { disk, blockSize } = this.#owner;
    try {
      const data = yield* disk.read(at, length);
      this.#owner.unreadable(at, length, false);
      return data;
    } catch (error) {
      if (!isFailed(error, "io-error", "latent-sector")) throw error;
      for (let block = at; length > blockSize && block < at + length; block += blockSize) {
        try {
          yield* disk.read(block, blockSize);
        } catch (inner) {
          if (!isFailed(inner, "io-error", "latent-sector")) throw inner;
          throw this.#latent(block);
        }
      }
      throw this.#latent(at);
    }
  }

  #latent(at: number): Error {
    this.#owner.unreadable(at, this.#owner.blockSize, true);
    return localFailure(
      "latent-sector",
      `The disk cannot be read at offset ${at}`,
      "Replace the disk, or have the guest overwrite this block; no point is made until then",
    );
  }

  /** The replica holds these blocks durably: they leave the delta and need no saving. */
  release(at: number, length: number): void {
    if (!this.#attached) return;
    const { blockSize, rest, cow } = this.#owner;
    const start = at / blockSize;
    const end = (at + length) / blockSize;
    rest.remove(start, end);
    this.#waiting.clear(start, end);
    this.#doubtful.clear(start, end);
    this.#unsaved.clear(start, end);
    if (this.#saved.size === 0) return;
    const slots: number[] = [];
    for (let block = start; block < end; block++) {
      const slot = this.#saved.get(block);
      if (slot === undefined) continue;
      this.#saved.delete(block);
      slots.push(slot);
    }
    if (slots.length > 0) cow.give(slots);
  }

  /** The connection was lost: what `next` handed out and nobody released waits again. */
  putBack(at: number, length: number): void {
    if (!this.#attached) return;
    const { blockSize, rest } = this.#owner;
    const start = at / blockSize;
    const end = (at + length) / blockSize;
    this.#eachRun(rest.all, start, end, (from, to) => this.#waiting.set(from, to));
    this.#cursor = Math.min(this.#cursor, start);
    this.#eachRun(rest.suspected, start, end, (from, to) => this.#waiting.clear(from, to));
    this.putBackSuspected(at, length);
  }

  /** For `TrackedDisk`: whether a write to these blocks must save first. */
  needs(start: number, end: number): boolean {
    return !this.#unsaved.empty && this.#unsaved.any(start, end);
  }

  /**
   * For `TrackedDisk`: saves the old contents of `[start, end)` that only the disk has. Returns when
   * none is left or the view is given up; never throws for a failing disk or file (C2).
   */
  *save(start: number, end: number): Task<void> {
    const { blockSize } = this.#owner;
    const hold = yield* this.#lock.lock(start, end);
    try {
      for (;;) {
        const run = this.#unsaved.nextRun(start, STEP_BYTES / blockSize);
        if (!this.#alive || run === undefined || run.start >= end) return;
        yield* this.#saveRun(run.start, Math.min(run.end, end));
      }
    } finally {
      this.#lock.unlock(hold);
    }
  }

  *#saveRun(start: number, end: number): Task<void> {
    const { blockSize, cow, disk } = this.#owner;
    const slots = cow.take(end - start);
    if (slots === undefined) return this.giveUp("the space for old contents is used up");
    let spare: number[] = slots;
    try {
      const old = yield* disk.read(start * blockSize, (end - start) * blockSize);
      yield* cow.write(slots, old);
      spare = [];
      slots.forEach((slot, index) => {
        // Released or given up meanwhile: nobody will read it.
        if (!this.#unsaved.has(start + index)) spare.push(slot);
        else this.#saved.set(start + index, slot);
      });
      this.#unsaved.clear(start, end);
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      this.giveUp(`old contents cannot be saved (${error.failure.message})`);
    } finally {
      if (spare.length > 0) cow.give(spare);
    }
  }

  /** Ends the view because it cannot keep its promise; what is left stays to be sent (C4). */
  giveUp(reason: string): void {
    if (!this.#alive) return;
    this.#givenUpBecause = reason;
    const left = this.#waiting.copy();
    const doubtful = this.#doubtful.copy();
    this.#drop();
    // What was not handed out stays to be counted: only a new cut can send it.
    this.#waiting.addAll(left);
    this.#doubtful.addAll(doubtful);
    this.#owner.givenUp(reason);
  }

  /** For `TrackedDisk`: closes the view, saying why; it counts as no give-up. */
  end(reason: string): void {
    if (this.#alive) this.#givenUpBecause = reason;
    this.detach();
  }

  /** For `TrackedDisk`: closes the view in order; releases that arrive later do nothing. */
  detach(): void {
    this.#drop();
    this.#attached = false;
  }

  #drop(): void {
    this.#alive = false;
    this.#waiting.clearAll();
    this.#doubtful.clearAll();
    this.#unsaved.clearAll();
    this.#owner.cow.give(this.#saved.values());
    this.#saved.clear();
  }
}

/** Where, inside `run`, membership in `kinds` stops being `inside`. */
function edge(kinds: Bitmap, run: Run, inside: boolean): number {
  if (inside) return Math.min(run.end, kinds.nextClear(run.start, run.end));
  const next = kinds.next(run.start, run.end);
  return next < 0 ? run.end : Math.min(run.end, next);
}
