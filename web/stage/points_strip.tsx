/**
 * The recovery points of a machine as a strip, oldest first.
 *
 * @module
 */

import type { MachineFrame, PointFrame } from "../../lab/run/recording.ts";
import { instantText } from "../../lab/report/words.ts";

/** Shapes say what a point is, so that nobody needs colours for it. */
const KINDS: Readonly<Record<PointFrame["kind"], string>> = {
  "standard": "square",
  "application-consistent": "round",
  "planned": "diamond",
};

const STATES: Readonly<Record<PointFrame["state"], string>> = {
  "staged": "staged",
  "applied": "applied",
  "in-use": "in use by a failover",
  "broken": "broken",
};

/** The strip. */
export function PointsStrip({ machine, answers }: {
  readonly machine: MachineFrame;
  /** There is a server that could tell of points. */
  readonly answers: boolean;
}) {
  const { points, pointCount } = machine;
  if (!answers && pointCount === 0) return <p class="points none">Points: no answer</p>;
  if (pointCount === 0) return <p class="points none">No recovery point</p>;
  const newest = points.at(-1);
  const label = `${pointCount} recovery ${pointCount === 1 ? "point" : "points"}${
    newest === undefined ? "" : `, the newest of ${instantText(newest.cut)}`
  }`;
  return (
    <div class="points" role="img" aria-label={label} title={label}>
      {pointCount > points.length && <span class="more">+{pointCount - points.length}</span>}
      {points.map((point) => (
        <span
          key={point.id}
          class={`point ${KINDS[point.kind]} ${point.state}`}
          title={`${instantText(point.cut)}, ${point.kind}, ${STATES[point.state]}`}
        />
      ))}
    </div>
  );
}
