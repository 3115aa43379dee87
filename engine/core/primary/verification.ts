/**
 * Verification: proof that the replica's newest point is what the guest's disks were at its cut, or the exact
 * offsets where it is not (M46).
 *
 * A block that is not marked has not changed since the cut of the base, so the disk has it as the cut had it: it is
 * read from the live disk and compared with the base, and counts if it is not marked afterwards either, for a write is
 * marked before it reaches the disk (T1). What is marked at that moment belongs to the next point: it is looked at
 * again after the next cycle. A block that is written all the time never comes to rest; the digest over the delta
 * that carried it has proved it when that was sealed (R1). So guest and replication go on: steps are taken between
 * cycles, by whoever owns the channel, and the base changes only between them.
 *
 * What differs is marked as changed, durably, so that the next cycle repairs it.
 *
 * @module
 */

import { Bitmap } from "../block/bitmap.ts";
import { unitDigests } from "../history/unit_digests.ts";
import { DigestTree, type Question, QUESTION_BYTES, type Range } from "../lineage/digest_tree.ts";
import type { Codec } from "../ports/codec.ts";
import type { Task } from "../runtime/task.ts";
import { all } from "../runtime/together.ts";
import type { TrackedDisk } from "../tracking/tracked_disk.ts";
import { comparedRuns } from "../wire/compare.ts";
import { firstHalves } from "./narrowing.ts";
import type { ReplicaPeer } from "./replica_peer.ts";

/** Ranges that are told apart; of more only the number is told. */
const RANGES_MAX = 256;
/** Bytes of disk of one step, and questions that travel together. */
const STEP_BYTES = 2 * QUESTION_BYTES;
const QUESTIONS_AT_ONCE = 8;

/** Where a disk differs from the replica's. */
export interface Difference {
  readonly disk: number;
  readonly at: number;
  readonly length: number;
}

/** One verification of all disks of a machine. */
export class Verification {
  readonly #codec: Codec;
  /** Those that are replicated: their places here are not their numbers in the machine. */
  readonly #disks: readonly TrackedDisk[];
  /** Not found equal or different yet, and not looked at in this round. */
  readonly #left: readonly Bitmap[];
  /** Were marked when they were looked at. */
  readonly #changing: readonly Bitmap[];
  readonly #differing: readonly Bitmap[];
  #equalBytes = 0;

  constructor(codec: Codec, disks: readonly TrackedDisk[]) {
    this.#codec = codec;
    this.#disks = disks;
    const sets = () => disks.map((disk) => new Bitmap(blocksOf(disk)));
    this.#left = sets();
    this.#changing = sets();
    this.#differing = sets();
    for (const [index, disk] of disks.entries()) this.#left[index]?.set(0, blocksOf(disk));
  }

  /** Bytes found equal. */
  get equalBytes(): number {
    return this.#equalBytes;
  }

  /** Bytes that were changing whenever they were looked at. */
  get changingBytes(): number {
    return this.#bytes(this.#changing);
  }

  /** Bytes found to differ. */
  get differingBytes(): number {
    return this.#bytes(this.#differing);
  }

  /** Bytes of all disks. */
  get totalBytes(): number {
    return this.#disks.reduce((sum, disk) => sum + blocksOf(disk) * disk.geometry.blockSize, 0);
  }

  #bytes(sets: readonly Bitmap[]): number {
    return sets.reduce(
      (sum, set, disk) => sum + set.count * (this.#disks[disk]?.geometry.blockSize ?? 0),
      0,
    );
  }

  /** True when everything was looked at in this round. */
  get roundOver(): boolean {
    return this.#left.every((set) => set.empty);
  }

  /** What was changing is looked at again; false when there is nothing. */
  again(): boolean {
    for (const [index, set] of this.#changing.entries()) {
      this.#left[index]?.addAll(set);
      set.clearAll();
    }
    return !this.roundOver;
  }

  /** The ranges that differ, the first of them; and how many there are. */
  get differences(): { readonly ranges: readonly Difference[]; readonly count: number } {
    const ranges: Difference[] = [];
    let count = 0;
    for (const [place, set] of this.#differing.entries()) {
      const { index: disk, geometry: { blockSize } } = this.#disks[place] as TrackedDisk;
      for (const { start, end } of set.runs()) {
        if (count++ >= RANGES_MAX) continue;
        ranges.push({ disk, at: start * blockSize, length: (end - start) * blockSize });
      }
    }
    return { ranges, count };
  }

  /** Looks at the next part, the replica's newest point being the disks' base. */
  *step(peer: ReplicaPeer): Task<void> {
    for (const [index, left] of this.#left.entries()) {
      const run = left.nextRun(
        0,
        STEP_BYTES / (this.#disks[index] as TrackedDisk).geometry.blockSize,
      );
      if (run === undefined) continue;
      yield* this.#look(peer, index, run.start, run.end);
      left.clear(run.start, run.end);
      return;
    }
  }

  *#look(peer: ReplicaPeer, index: number, start: number, end: number): Task<void> {
    const disk = this.#disks[index] as TrackedDisk;
    const { blockSize } = disk.geometry;
    // Every difference is named: digests of blocks are not what is saved here.
    const tree = new DigestTree(blockSize, disk.size, Infinity);
    let questions: Question[] = [];
    for (const { at, length } of this.#resting(index, start * blockSize, end * blockSize)) {
      questions.push(...tree.begin({ at, length }).ask);
    }
    while (questions.length > 0) {
      const next: Question[] = [];
      for (let from = 0; from < questions.length; from += QUESTIONS_AT_ONCE) {
        const group = questions.slice(from, from + QUESTIONS_AT_ONCE);
        const answers = yield* all("verify", group.map((each) => this.#ask(peer, index, each)));
        for (const { equal, differing, unit } of answers) {
          for (const { length } of equal) this.#equalBytes += length;
          for (const range of differing) next.push(...this.#descend(tree, index, unit, range));
        }
      }
      questions = next;
    }
    yield* this.#mark(index, start, end);
  }

  /** The runs of `[at, end)` that are not marked; the others change. */
  #resting(index: number, at: number, end: number): Range[] {
    const disk = this.#disks[index] as TrackedDisk;
    const { blockSize } = disk.geometry;
    const runs: { at: number; length: number }[] = [];
    for (let from = at; from < end; from += blockSize) {
      if (disk.marked(from / blockSize)) {
        this.#changing[index]?.set(from / blockSize);
        continue;
      }
      const last = runs.at(-1);
      if (last !== undefined && last.at + last.length === from) last.length += blockSize;
      else runs.push({ at: from, length: blockSize });
    }
    return runs;
  }

  *#ask(
    peer: ReplicaPeer,
    index: number,
    { unit, at, count }: Question,
  ): Task<{ unit: number; equal: Range[]; differing: Range[] }> {
    const disk = this.#disks[index] as TrackedDisk;
    const length = Math.min(unit * count, disk.size - at);
    const source = {
      read: (from: number, size: number) => disk.read(from, size),
      *isHole(from: number, size: number): Task<boolean> {
        return (yield* disk.allocated(from, size)).length === 0;
      },
    };
    const full = yield* unitDigests(this.#codec, source, at, length, unit);
    const compared = yield* peer.compare({
      disk: disk.index,
      unit,
      at,
      count,
      digests: firstHalves(full, count),
    });
    const equal: Range[] = [];
    const differing: Range[] = [];
    for (const { from, to, differs } of comparedRuns(compared)) {
      const range = { at: at + from, length: Math.min(at + to, disk.size) - at - from };
      (differs ? differing : equal).push(range);
    }
    return { unit, equal, differing };
  }

  /** What differs is asked about in smaller units, but for what was written meanwhile. */
  #descend(tree: DigestTree, index: number, unit: number, range: Range): Question[] {
    const { blockSize } = (this.#disks[index] as TrackedDisk).geometry;
    const questions: Question[] = [];
    for (const resting of this.#resting(index, range.at, range.at + range.length)) {
      if (unit === blockSize) {
        const start = resting.at / blockSize;
        this.#differing[index]?.set(start, start + resting.length / blockSize);
      } else if (resting.length === range.length) {
        questions.push(...tree.descend(unit, resting).ask);
      } else questions.push(...tree.begin(resting).ask);
    }
    return questions;
  }

  /** What was found to differ is changed, durably. */
  *#mark(index: number, start: number, end: number): Task<void> {
    const found = this.#differing[index] as Bitmap;
    const disk = this.#disks[index] as TrackedDisk;
    const runs: { start: number; end: number }[] = [];
    for (let run = found.nextRun(start); run !== undefined && run.start < end;) {
      runs.push({ start: run.start, end: Math.min(run.end, end) });
      run = found.nextRun(run.end);
    }
    if (runs.length > 0) yield* disk.markChanged(runs);
  }
}

function blocksOf({ size, geometry }: TrackedDisk): number {
  return Math.ceil(size / geometry.blockSize);
}
