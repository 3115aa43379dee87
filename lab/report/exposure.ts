/**
 * RPO over time: how much work a machine would have lost at each instant.
 *
 * At an instant it is the time since the first acknowledged write of the mainline that the newest point at the other side
 * lacks was acknowledged; 0 if it lacks none, and nothing can be said while no point is there. So it is a saw: it rises with
 * slope 1, and falls only where a point is staged. It rises also while the guest is down: data grow old.
 *
 * @module
 */

import type { Note, Recording } from "../run/recording.ts";
import type { Mainline } from "./recoveries.ts";
import { countBelow, type WriteHistory } from "./write_history.ts";

/** The most instants that a series in a report has. */
export const SERIES_MAX = 800;
/** Instants at which the backlog is sampled. */
const SAMPLES = 240;

/** A stretch in which the newest point at the other side stays the same. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  /** Null: no point is there. */
  readonly point: string | null;
  readonly branch: number;
  /** When the first write that the point lacks was acknowledged; Infinity if it lacks none. */
  readonly since: number;
}

/** What a machine was exposed to. */
export interface Exposure {
  readonly worst: number | null;
  readonly worstAt: number | null;
  readonly final: number | null;
  readonly above: number;
  readonly unprotected: number;
  readonly worstBacklog: number;
  /** Every corner of the saw, of which `series` is a choice. */
  readonly corners: readonly [number, number | null][];
  readonly series: [number, number | null][];
  readonly backlog: [number, number][];
}

/** The points at a side, as notes change them. */
class Points {
  readonly #history: WriteHistory;
  readonly #at = new Map<string, Set<string>>();

  constructor(history: WriteHistory) {
    this.#history = history;
  }

  take(note: Note): void {
    if (note.kind === "host" && note.what === "destroyed") this.#at.delete(note.site);
    if (note.kind !== "staged" && note.kind !== "dropped") return;
    if (note.vm !== this.#history.log.vm) return;
    const points = this.#at.get(note.site) ?? new Set();
    if (note.kind === "staged") this.#at.set(note.site, points.add(note.point));
    else points.delete(note.point);
  }

  /** The point that was cut last of those that are not where the machine is written. */
  newestAwayFrom(site: string): string | null {
    let newest: string | null = null;
    let cutAt = -1;
    for (const [where, points] of this.#at) {
      if (where === site) continue;
      for (const point of points) {
        const at = this.#history.cuts.get(point)?.at ?? -1;
        if (at > cutAt) [newest, cutAt] = [point, at];
      }
    }
    return newest;
  }
}

/** Whether a note can change what is staged for a machine. */
function matters(note: Note, vm: string): boolean {
  if (note.kind === "host") return note.what === "destroyed";
  return (note.kind === "staged" || note.kind === "dropped") && note.vm === vm;
}

function stretchesOf(
  { notes, ended }: Recording,
  history: WriteHistory,
  mainline: readonly Mainline[],
): Stretch[] {
  const points = new Points(history);
  const turns = notes.filter((note) => matters(note, history.log.vm));
  const instants = [...new Set([...turns, ...mainline].map(({ at }) => at))].sort((a, b) => a - b);
  const stretches: Stretch[] = [];
  let [turn, line] = [0, 0];
  instants.forEach((from, index) => {
    for (; turn < turns.length && turns[turn]!.at <= from; turn++) points.take(turns[turn]!);
    while (line + 1 < mainline.length && mainline[line + 1]!.at <= from) line++;
    const { site, branch } = mainline[line]!;
    const point = points.newestAwayFrom(site);
    const before = stretches.at(-1);
    const to = instants[index + 1] ?? Math.max(ended, from);
    if (before?.point === point && before.branch === branch) {
      stretches[stretches.length - 1] = { ...before, to };
    } else stretches.push({ from, to, point, branch, since: sinceOf(history, branch, point) });
  });
  return stretches;
}

function sinceOf(history: WriteHistory, branch: number, point: string | null): number {
  const part = point === null ? undefined : history.contentsOfPoint(point);
  if (part === undefined) return Infinity;
  const first = history.firstMissing(history.contentsOfBranch(branch), part);
  return first < 0 ? Infinity : history.log.times[first]!;
}

function rpoAt({ point, since }: Stretch, at: number): number | null {
  return point === null ? null : Math.max(0, at - since);
}

/** Where the saw has its corners: at both ends of each stretch, and where it leaves zero. */
function cornersOf(stretches: readonly Stretch[]): [number, number | null][] {
  return stretches.flatMap((stretch) => {
    const { from, to, since } = stretch;
    const inside = since > from && since < to ? [since] : [];
    return [from, ...inside, to].map((at): [number, number | null] => [at, rpoAt(stretch, at)]);
  });
}

/** At most so many of the corners: of each part of time the first, the least, the most and the last. */
export function thinned(
  corners: readonly [number, number | null][],
  most = SERIES_MAX,
): [number, number | null][] {
  if (corners.length <= most) return [...corners];
  const buckets = Math.floor(most / 4);
  const chosen = new Set<number>();
  for (let bucket = 0; bucket < buckets; bucket++) {
    const begin = Math.floor(bucket * corners.length / buckets);
    const end = Math.floor((bucket + 1) * corners.length / buckets);
    let [least, highest] = [begin, begin];
    for (let index = begin; index < end; index++) {
      const value = corners[index]![1] ?? -1;
      if (value < (corners[least]![1] ?? -1)) least = index;
      if (value > (corners[highest]![1] ?? -1)) highest = index;
    }
    for (const index of [begin, least, highest, end - 1]) chosen.add(index);
  }
  return [...chosen].sort((left, right) => left - right).map((index) => corners[index]!);
}

/** How long a stretch is above an objective. */
function timeAbove({ from, to, point, since }: Stretch, objective: number): number {
  if (point === null || objective <= 0) return 0;
  return Math.max(0, to - Math.max(from, since + objective));
}

/** Bytes that were acknowledged at each of some instants and were in no point at the other side. */
function backlogOf(
  history: WriteHistory,
  stretches: readonly Stretch[],
  ended: number,
): [number, number][] {
  const ends = stretches.map(({ to }) => to);
  const regular = Array.from({ length: SAMPLES + 1 }, (_, index) => ended * index / SAMPLES);
  const stride = Math.max(1, Math.ceil(ends.length / SAMPLES));
  const instants = [...regular, ...ends.filter((_, index) => index % stride === 0)];
  return [...new Set(instants)].sort((left, right) => left - right).flatMap((at) => {
    // At the end of a stretch what it left is told, not what comes behind it.
    const stretch = stretches[Math.min(countBelow(ends, at), stretches.length - 1)];
    const part = stretch?.point ? history.contentsOfPoint(stretch.point) : undefined;
    if (stretch === undefined || part === undefined) return [];
    const whole = history.contentsOfBranch(stretch.branch);
    return [[at, history.missingBytes(whole, part, history.entriesUntil(at))]];
  });
}

/** What a machine was exposed to all the time. */
export function exposureOf(
  recording: Recording,
  history: WriteHistory,
  mainline: readonly Mainline[],
  objective: number,
): Exposure {
  const stretches = stretchesOf(recording, history, mainline);
  const corners = cornersOf(stretches);
  let [worst, worstAt]: [number | null, number | null] = [null, null];
  for (const [at, rpo] of corners) {
    if (rpo !== null && (worst === null || rpo > worst)) [worst, worstAt] = [rpo, at];
  }
  const backlog = backlogOf(history, stretches, recording.ended);
  return {
    worst,
    worstAt,
    final: corners.at(-1)?.[1] ?? null,
    above: stretches.reduce((sum, stretch) => sum + timeAbove(stretch, objective), 0),
    unprotected: stretches.reduce((sum, { point, from, to }) => {
      return sum + (point === null ? to - from : 0);
    }, 0),
    worstBacklog: backlog.reduce((most, [, bytes]) => Math.max(most, bytes), 0),
    corners,
    series: thinned(corners),
    backlog,
  };
}
