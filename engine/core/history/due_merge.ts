/**
 * Which undo files are to be merged next (R7): when merging is worth what it costs.
 *
 * To merge is to write again what is merged. A point that is gone is followed by others that will go as
 * well, and to merge it into one of those at once would write its contents again with every point to come:
 * for one point a second and hourly ones kept, 1800 times. So points that are gone wait, side by side:
 *
 * 1. until the next point that is not gone *stays*: it stands for a period of the tier from which the
 *    waiting points went, which is over then. They are merged into it, at most 32 at once;
 * 2. or until 32 of about the same length of protected time lie side by side: these become one, which has
 *    32 times their length. So a thousand that wait are rewritten twice, a million four times;
 * 3. or until more wait than the state has room for: the longest row becomes shorter.
 *
 * Measured (`test/unit/core/history/retention_cost_test.ts`): docs/REPLICA-STORE.md has the figures.
 *
 * @module
 */

import { SECOND } from "../base/units.ts";
import type { Retention } from "../wire/retention.ts";
import { pointBounds } from "./bounds.ts";
import { reaches, representatives } from "./kept_points.ts";
import type { PointRecord } from "./recovery_point.ts";
import type { ReplicaFiles } from "./replica_files.ts";

/** The points at `from` to before `into` are merged into that at `into`. */
export interface DueMerge {
  readonly from: number;
  readonly into: number;
}

/** Points that are gone, side by side, whose undo files are whole: `[from, end)`. */
interface Row {
  readonly from: number;
  readonly end: number;
  /** Whether the undo file of the point behind them is there and whole as well. */
  readonly followed: boolean;
}

/** The next merge, or `undefined` while nothing is worth one. */
export function dueMerge(files: ReplicaFiles): DueMerge | undefined {
  if (files.gone.size === 0) return undefined;
  const rows = rowsOf(files);
  const { points, retention, sizes } = files.state;
  const { mergedAtOnce: most, waiting } = files.context.cache.bounds;
  const length = lengths(points, retention);
  for (const row of rows) {
    const due = row.followed && stays(points, retention, length, row.end)
      ? last(row.from, row.end, most)
      : sameLengths(points, row, most);
    if (due !== undefined) return due;
  }
  if (files.gone.size <= Math.min(waiting, pointBounds(sizes.length).waiting)) return undefined;
  return longest(rows, most);
}

/** The newest of `[from, into)` that can be merged at once: into the last of them where they are too many. */
function last(from: number, into: number, most: number): DueMerge {
  if (into - from < most) return { from, into };
  return { from: into - most, into: into - 1 };
}

function rowsOf(files: ReplicaFiles): Row[] {
  const { points, applied } = files.state;
  const rows: Row[] = [];
  let from = -1;
  for (let place = 1; place < applied; place++) {
    const { id } = points[place] as PointRecord;
    const undo = files.undos.get(id);
    const whole = undo !== undefined && typeof undo !== "string" && undo.damage === undefined;
    if (whole && files.gone.has(id)) {
      if (from < 0) from = place;
      continue;
    }
    if (from >= 0) rows.push({ from, end: place, followed: whole });
    from = -1;
  }
  return rows;
}

/** For every point the longest period that it stands for. */
function lengths(points: readonly PointRecord[], { tiers }: Retention): number[] {
  const longest = points.map(() => 0);
  for (const tier of tiers) {
    for (const place of representatives(points, tier)) longest[place] = tier.every;
  }
  return longest;
}

/** True when the point at `place` stands for a period of the tier in which the one before it is gone. */
function stays(
  points: readonly PointRecord[],
  { tiers }: Retention,
  length: readonly number[],
  place: number,
): boolean {
  const now = points[points.length - 1]?.protectedAt ?? 0;
  const { protectedAt } = points[place - 1] as PointRecord;
  for (const tier of tiers) {
    const periods = tier.every === 0
      ? 0
      : Math.floor(now / tier.every) - Math.floor(protectedAt / tier.every);
    if (tier.every > 0 && reaches(tier, now - protectedAt, periods)) {
      return (length[place] as number) >= tier.every;
    }
  }
  return false;
}

/** The oldest `most` neighbours of a row that have about the same length of protected time. */
function sameLengths(
  points: readonly PointRecord[],
  row: Row,
  most: number,
): DueMerge | undefined {
  let from = row.from;
  for (let place = row.from; place < row.end; place++) {
    if (magnitude(points, place, most) !== magnitude(points, from, most)) from = place;
    if (place - from + 1 === most) return { from, into: place };
  }
  return undefined;
}

/** How often the protected time from the point before can be divided. */
function magnitude(points: readonly PointRecord[], place: number, most: number): number {
  const [elder, point] = points.slice(place - 1, place + 1) as [PointRecord, PointRecord];
  let magnitude = 0;
  let rest = Math.floor((point.protectedAt - elder.protectedAt) / SECOND);
  for (; rest >= most; rest = Math.floor(rest / most)) magnitude++;
  return magnitude;
}

/** The longest row that can be made shorter: into its newest, or, one point alone, into what follows it. */
function longest(rows: readonly Row[], most: number): DueMerge | undefined {
  let found: Row | undefined;
  for (const row of rows) {
    const length = row.end - row.from;
    if (length === 1 && !row.followed) continue;
    if (found === undefined || length > found.end - found.from) found = row;
  }
  if (found === undefined) return undefined;
  const { from, end } = found;
  return end - from > 1 ? last(from, end - 1, most) : { from, into: end };
}
