/**
 * Making a cut: the point is named durably, then every disk of the machine is cut at one instant.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import type { PointId, Token } from "../base/units.ts";
import { newIdentity } from "../relationship/identity.ts";
import { noteCut } from "../relationship/statistics.ts";
import type { Task } from "../runtime/task.ts";
import { all } from "../runtime/together.ts";
import { cutDisks } from "../tracking/cut.ts";
import type { TrackedDisk } from "../tracking/tracked_disk.ts";
import type { PointKind } from "../wire/point.ts";
import type { Replication } from "./replication.ts";

/** A cut that was made. */
export interface Cut {
  readonly point: PointId;
  /** Wall time, µs since 1970. */
  readonly cutAt: number;
  /** Counts the cuts of this process. */
  readonly cutNumber: number;
  /** How its point came to be. */
  readonly kind: PointKind;
  /** The right to start the machine that the replica holds, where it is the last cut of it. */
  readonly token: Token | undefined;
  /** Bytes of every disk at that instant, by index. */
  readonly sizes: readonly number[];
  /** The same of disks that are not replicated. */
  readonly placeholders: readonly number[];
  /** The same of disks whose first copy goes on behind the cut. */
  readonly arriving: readonly number[];
  /** Disks whose first copy ends with the cut, by index. */
  readonly joins: readonly number[];
}

/**
 * Issues a new point on every disk, durably and before its first frame can be sent (T4), then cuts them
 * together (C1). A gate that does not close in time fails the cut; the issued point, which nobody was
 * told of, is the next cut's. `atRest`: with the guest frozen around it where that is due; the point is named
 * before, so that the guest waits for the cut alone. `joins`: disks whose first copy ends with this cut, all by
 * default; of the others the cut takes nothing.
 */
export function* makeCut(
  work: Replication,
  atRest = false,
  joins: readonly number[] = joiningOf(work),
): Task<Cut> {
  const point = yield* issue(work);
  // Durable before anybody can stage the point: who hears that it is the newest knows what it has.
  yield* work.machine.noteJoins(point, joins);
  // A machine that is off and locked is at rest as it is.
  if (!atRest || work.machine.state === "PreparedForFailover") {
    return yield* cutNow(work, point, joins);
  }
  const { appConsistent } = work.settings;
  const { value, kind } = yield* work.quiescing.around(appConsistent, cutNow(work, point, joins));
  return value.kind === "planned" ? value : { ...value, kind };
}

/** The disks whose first copy is under way, by index. */
export function joiningOf({ machine }: Replication): readonly number[] {
  return machine.joining.map(({ index }) => index);
}

/** The disks that a cut takes with which the first copies of `joins` end. */
export function disksOfCut(
  { machine }: Replication,
  joins: readonly number[],
): readonly TrackedDisk[] {
  const { joining } = machine;
  return machine.tracked.filter((disk) => !joining.includes(disk) || joins.includes(disk.index));
}

/** The cut itself; when it returns, guests write again, unless somebody froze them. */
function* cutNow(work: Replication, point: PointId, joins: readonly number[]): Task<Cut> {
  const { ports, machine, statistics } = work;
  const disks = disksOfCut(work, joins);
  let closed: number;
  try {
    closed = (yield* cutDisks(ports.clock, disks)).closedMicros;
  } catch (error) {
    if (isFailed(error, "gate-timeout")) {
      statistics.cutsFailed++;
      work.unusedPoint = point;
      ports.observer.emit({
        kind: "cut-failed",
        machine: machine.name,
        reason: error.failure.message,
      });
    }
    throw error;
  }
  // In the step of the cut: what grows from here on is behind it.
  const { placeholders } = machine;
  const sizes = machine.sizesWith(joins);
  const arriving = machine.arrivingBut(joins);
  work.unusedPoint = undefined;
  const cutAt = Math.max(0, ports.clock.wall());
  work.staged.lastCut = cutAt;
  work.cuts++;
  noteCut(statistics, closed);
  let bytes = 0;
  for (const disk of disks) bytes += disk.view?.remainingBytes ?? 0;
  ports.observer.emit({ kind: "cut", machine: machine.name, point, closed, bytes });
  // Nothing was suspended since the swap: whoever locked the machine before it had let no write through. A cycle that
  // was under way then makes a point like any other, for the replica has no right to start the machine yet.
  const { planned } = machine;
  const kind = planned !== undefined && work.offered === planned.token ? "planned" : "standard";
  const token = kind === "planned" ? planned?.token : undefined;
  return { point, cutAt, cutNumber: work.cuts, kind, token, sizes, placeholders, arriving, joins };
}

/**
 * The point of a cut that failed, or a new one, issued on every disk. A disk whose gate times out again and
 * again would otherwise use up all that its log can name (`ISSUED_MAX`), and be compared as a whole.
 */
export function* issue({ machine, ports, unusedPoint }: Replication): Task<PointId> {
  const point = unusedPoint ?? newIdentity<PointId>(ports.entropy);
  const missing = machine.tracked.filter(({ issued }) => !issued.includes(point));
  yield* all("issue", missing.map((disk) => disk.issue(point)));
  return point;
}

/** True when some disk's view was given up with blocks still to send: only a new cut can go on (C4). */
export function needsCut(work: Replication, joins = joiningOf(work)): boolean {
  return disksOfCut(work, joins).some(({ view }) =>
    view === undefined || (!view.alive && view.remainingBytes > 0)
  );
}

/** Tells of views that were given up. */
export function reportGivenUp(work: Replication): void {
  for (const { view } of work.machine.tracked) {
    if (view === undefined || view.alive || view.mode === "live") continue;
    work.statistics.viewsGivenUp++;
    const reason = view.givenUpBecause ?? "";
    work.ports.observer.emit({ kind: "view-given-up", machine: work.machine.name, reason });
  }
}
