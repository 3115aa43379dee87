/**
 * Which points of a list a retention keeps (R7). A function of the list alone: no clock is asked.
 *
 * Ages count protected time, which is written down with every point and grows with the monotonic clock
 * only; the newest point is now. A clock that jumps, and a week without a link, drop nothing.
 *
 * A tier cuts protected time into periods that begin at 0 and never move. It keeps one point of each
 * period, its *representative*: the first that is application-consistent (or planned), else the first of
 * all. So what a period is represented by does not change by what is dropped and when: whoever prunes
 * seldom ends where somebody ends who prunes after every point. What any tier keeps is kept.
 *
 * @module
 */

import type { PointKind } from "../wire/point.ts";
import type { Retention, Tier } from "../wire/retention.ts";

/** What retention looks at. */
export interface Aged {
  readonly protectedAt: number;
  readonly kind: PointKind;
}

/** Places in `points`, oldest first, of those that are kept, at most the newest `most` of them. */
export function keptPlaces(
  points: readonly Aged[],
  { last, tiers }: Retention,
  most: number,
): Set<number> {
  const kept = new Set<number>();
  for (let place = Math.max(0, points.length - last); place < points.length; place++) {
    kept.add(place);
  }
  const now = points[points.length - 1]?.protectedAt ?? 0;
  for (const tier of tiers) {
    for (const place of reached(points, tier, now)) kept.add(place);
  }
  if (kept.size <= most) return kept;
  return new Set([...kept].sort((left, right) => right - left).slice(0, most));
}

/** Places of the points that stand for their periods in `tier`, however old, oldest first. */
export function representatives(points: readonly Aged[], { every }: Tier): number[] {
  if (every === 0) return [...points.keys()];
  const places: number[] = [];
  let period = -1;
  for (const [place, point] of points.entries()) {
    const own = Math.floor(point.protectedAt / every);
    const held = points[places[places.length - 1] ?? -1];
    if (own !== period) places.push(place);
    else if (held?.kind === "standard" && point.kind !== "standard") {
      places[places.length - 1] = place;
    }
    period = own;
  }
  return places;
}

/** True while `tier` reaches back to a point that is `age` µs and `periods` newer periods old. */
export function reaches(tier: Tier, age: number, periods: number): boolean {
  return tier.count > 0 ? periods < tier.count : age <= tier.span;
}

function reached(points: readonly Aged[], tier: Tier, now: number): number[] {
  const places = representatives(points, tier);
  return places.filter((place, index) =>
    reaches(tier, now - (points[place] as Aged).protectedAt, places.length - 1 - index)
  );
}
