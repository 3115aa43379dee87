/**
 * RPO over time: how much work a machine would have lost at each instant.
 *
 * At an instant it is the time that the machine ran since the first acknowledged write of the mainline that the newest point
 * at the other side lacks was acknowledged; 0 if it lacks none, and nothing can be said while no point is there. So it is a
 * saw: it rises with slope 1, not at all while no guest runs, and falls only where a point is staged.
 *
 * @module
 */

import type { Note, Recording } from "../run/recording.ts";
import type { Mainline } from "./recoveries.ts";
import type { Standstills } from "./standstills.ts";
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
  /** Where no point is there: whether there had been one, and whether a planned move is the reason. */
  readonly bare: "first" | "planned" | "lost";
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
  /** Of that, before the first point. */
  readonly beforeFirst: number;
  /** Of that, what nobody had planned. */
  readonly bare: number;
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
  let [turn, line, protectedOnce] = [0, 0, false];
  instants.forEach((from, index) => {
    for (; turn < turns.length && turns[turn]!.at <= from; turn++) points.take(turns[turn]!);
    while (line + 1 < mainline.length && mainline[line + 1]!.at <= from) line++;
    const { at, site, branch, planned } = mainline[line]!;
    const point = points.newestAwayFrom(site);
    protectedOnce ||= point !== null;
    const bare = !protectedOnce ? "first" : planned && at === from ? "planned" : "lost";
    const before = stretches.at(-1);
    const to = instants[index + 1] ?? Math.max(ended, from);
    if (before?.point === point && before.branch === branch) {
      stretches[stretches.length - 1] = { ...before, to };
    } else {stretches.push({
        from,
        to,
        point,
        branch,
        bare,
        since: sinceOf(history, branch, point),
      });}
  });
  return stretches;
}

function sinceOf(history: WriteHistory, branch: number, point: string | null): number {
  const part = point === null ? undefined : history.contentsOfPoint(point);
  if (part === undefined) return Infinity;
  const first = history.firstMissing(history.contentsOfBranch(branch), part);
  return first < 0 ? Infinity : history.log.times[first]!;
}

/** Where the saw has its corners: at both ends of each stretch, where it leaves zero, and where the machine stops and runs. */
function cornersOf(
  stretches: readonly Stretch[],
  standstills: Standstills,
): [number, number | null][] {
  return stretches.flatMap(({ from, to, since, point }) => {
    const turns = standstills.turnsBetween(from, to);
    const inside = since > from && since < to ? [...turns, since] : turns;
    const instants = [from, ...[...new Set(inside)].sort((left, right) => left - right), to];
    return instants.map((at): [number, number | null] => [
      at,
      point === null ? null : standstills.workBetween(since, at),
    ]);
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

/** How long the saw is above an objective. */
function timeAbove(corners: readonly (readonly [number, number | null])[], objective: number) {
  if (objective <= 0) return 0;
  return corners.slice(1).reduce((sum, [at, rpo], index) => {
    const [from, was] = corners[index]!;
    // Between two corners it rises or stands; where it falls no time passes.
    if (was === null || rpo === null || rpo <= objective) return sum;
    return sum + at - from - Math.max(0, objective - was);
  }, 0);
}

/**
 * How long nobody had planned that no point is at the other side: not before the first one, and not behind a planned move for
 * as long as the objective allows, for until then the site that was left has everything.
 */
function unplanned({ from, to, point, bare }: Stretch, objective: number): number {
  if (point !== null || bare === "first") return 0;
  return Math.max(0, to - from - (bare === "planned" ? objective : 0));
}

function isFirst({ point, bare }: Stretch): boolean {
  return point === null && bare === "first";
}

function sumOf(stretches: readonly Stretch[], length: (stretch: Stretch) => number): number {
  return stretches.reduce((sum, stretch) => sum + length(stretch), 0);
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
  standstills: Standstills,
  objective: number,
): Exposure {
  const stretches = stretchesOf(recording, history, mainline);
  const corners = cornersOf(stretches, standstills);
  let [worst, worstAt]: [number | null, number | null] = [null, null];
  for (const [at, rpo] of corners) {
    if (rpo !== null && (worst === null || rpo > worst)) [worst, worstAt] = [rpo, at];
  }
  const backlog = backlogOf(history, stretches, recording.ended);
  return {
    worst,
    worstAt,
    final: corners.at(-1)?.[1] ?? null,
    above: timeAbove(corners, objective),
    unprotected: sumOf(stretches, ({ point, from, to }) => point === null ? to - from : 0),
    beforeFirst: sumOf(stretches, (one) => isFirst(one) ? one.to - one.from : 0),
    bare: sumOf(stretches, (stretch) => unplanned(stretch, objective)),
    worstBacklog: backlog.reduce((most, [, bytes]) => Math.max(most, bytes), 0),
    corners,
    series: thinned(corners),
    backlog,
  };
}
