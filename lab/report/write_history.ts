/**
 * What a machine's guest was told is done, on which branch, and what a recovery point holds of it.
 *
 * A point holds the writes of the branch on which it was cut, as many as had been acknowledged, and what that branch began
 * with. So the contents of anything are one number for each branch: its writes up to there are in.
 *
 * @module
 */

import type { Note, WriteLog } from "../run/recording.ts";
import type { Loss } from "./drill_report.ts";

/** For each branch the entry of the log before which its writes are in. */
export type Contents = Float64Array;

/** A point as its cut was noted. */
export interface CutPoint {
  readonly at: number;
  readonly site: string;
  readonly writes: number;
}

/** How many of the ascending `values` are less than `limit`. */
export function countBelow(values: ArrayLike<number>, limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A branch has its contents from the start of its failover on: points may be cut of them before a guest runs there, and writes
 * come later.
 */
function beginningsOf(log: WriteLog, notes: readonly Note[]): number[] {
  const starts = notes.filter((note) =>
    note.kind === "failover" && note.phase === "started" && note.vm === log.vm
  );
  return log.branches.map(({ at, site, from }) => {
    if (from === "") return at;
    return starts.findLast((note) => note.at <= at && "site" in note && note.site === site)?.at ??
      at;
  });
}

/** The writes of one machine. */
export class WriteHistory {
  readonly log: WriteLog;
  /** Points by their id. */
  readonly cuts = new Map<string, CutPoint>();
  /** From when on what is cut at a branch's site is of that branch. */
  readonly #since: number[];
  /** For each branch its entries in the log, and the bytes of all of them before each. */
  readonly #entries: Uint32Array[];
  readonly #sums: Float64Array[];

  /** Writes of `log`, and the points that `notes` say were cut of them. */
  constructor(log: WriteLog, notes: readonly Note[]) {
    this.log = log;
    for (const note of notes) {
      if (note.kind !== "cut" || note.vm !== log.vm || this.cuts.has(note.point)) continue;
      this.cuts.set(note.point, { at: note.at, site: note.site, writes: note.writes });
    }
    this.#since = beginningsOf(log, notes);
    const sizes = log.branches.map(() => 0);
    for (const branch of log.branch) sizes[branch] = (sizes[branch] ?? 0) + 1;
    this.#entries = sizes.map((size) => new Uint32Array(size));
    this.#sums = sizes.map((size) => new Float64Array(size + 1));
    const filled = sizes.map(() => 0);
    log.branch.forEach((branch, index) => {
      const at = filled[branch]!++;
      this.#entries[branch]![at] = index;
      this.#sums[branch]![at + 1] = this.#sums[branch]![at]! + log.bytes[index]!;
    });
  }

  /** The branch that was written last at `site` up to an instant; the first one if there was none. */
  branchAt(site: string, at: number, except: ReadonlySet<number> = new Set()): number {
    let found = 0;
    this.log.branches.forEach((branch, index) => {
      if (branch.site === site && this.#since[index]! <= at && !except.has(index)) found = index;
    });
    return found;
  }

  /** A branch up to an entry of the log, with what it began with. */
  contentsOfBranch(branch: number, until = Infinity): Contents {
    const contents = new Float64Array(this.log.branches.length);
    const from = this.log.branches[branch]?.from ?? "";
    const before = from === "" ? undefined : this.contentsOfPoint(from, branch);
    if (before !== undefined) contents.set(before);
    // Nobody noted that cut: what its predecessor had until then is the best that can be said.
    else if (from !== "" && branch > 0) {
      contents.set(this.contentsOfBranch(branch - 1, this.entriesUntil(this.#began(branch))));
    }
    contents[branch] = until;
    return contents;
  }

  #began(branch: number): number {
    return this.log.branches[branch]?.at ?? 0;
  }

  /** What a point holds, or undefined if its cut was not noted. Only branches before `below` can be in it. */
  contentsOfPoint(point: string, below = Infinity): Contents | undefined {
    const cut = this.cuts.get(point);
    if (cut === undefined) return undefined;
    const branch = Math.min(this.branchAt(cut.site, cut.at), below - 1);
    return this.contentsOfBranch(Math.max(0, branch), cut.writes);
  }

  /** Entries of the log that were acknowledged up to an instant. */
  entriesUntil(at: number): number {
    const times = this.log.times;
    let count = countBelow(times, at);
    while (count < times.length && times[count]! <= at) count++;
    return count;
  }

  /** The first entry of `whole` that `part` lacks, or -1. */
  firstMissing(whole: Contents, part: Contents): number {
    let first = -1;
    this.#entries.forEach((entries, branch) => {
      const entry = entries[countBelow(entries, part[branch]!)];
      if (entry === undefined || entry >= whole[branch]!) return;
      if (first < 0 || entry < first) first = entry;
    });
    return first;
  }

  /** Bytes of `whole`, of the log's entries before `until`, that `part` lacks. */
  missingBytes(whole: Contents, part: Contents, until: number): number {
    let bytes = 0;
    this.#entries.forEach((entries, branch) => {
      const sums = this.#sums[branch]!;
      const end = countBelow(entries, Math.min(whole[branch]!, until));
      bytes += Math.max(0, sums[end]! - sums[countBelow(entries, part[branch]!)]!);
    });
    return bytes;
  }

  /** What `part` has of `whole` and what it lacks. */
  compare(whole: Contents, part: Contents): Omit<Loss, "fate" | "discarded"> {
    let [writes, bytes, recovered] = [0, 0, 0];
    let [oldest, newest, lastRecovered] = [Infinity, -1, -1];
    this.#entries.forEach((entries, branch) => {
      const end = countBelow(entries, whole[branch]!);
      const begin = Math.min(end, countBelow(entries, part[branch]!));
      recovered += begin;
      if (begin > 0) lastRecovered = Math.max(lastRecovered, entries[begin - 1]!);
      if (begin === end) return;
      writes += end - begin;
      bytes += this.#sums[branch]![end]! - this.#sums[branch]![begin]!;
      oldest = Math.min(oldest, entries[begin]!);
      newest = Math.max(newest, entries[end - 1]!);
    });
    const when = (entry: number) => this.log.times[entry] ?? null;
    return {
      writes: this.#meant(writes),
      bytes,
      oldest: when(oldest),
      newest: when(newest),
      recovered: this.#meant(recovered),
      lastRecovered: when(lastRecovered),
    };
  }

  /** Writes of one branch alone. */
  writesOn(branch: number): number {
    return this.#meant(this.#entries[branch]?.length ?? 0);
  }

  /** Writes of the world that is meant for which so many entries of the log stand. */
  #meant(entries: number): number {
    return Math.round(entries * (this.log.each ?? 1));
  }
}
