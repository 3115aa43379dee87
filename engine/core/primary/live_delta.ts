/**
 * A delta that is filled from the live disks before its cut: by a resynchronization, or by the first copy of a disk that
 * is being added (C5).
 *
 * @module
 */

import type { PointId } from "../base/units.ts";
import { newIdentity } from "../relationship/identity.ts";
import type { Task } from "../runtime/task.ts";
import { issue } from "./cutting.ts";
import { noBase, type OpenDelta } from "./open_delta.ts";
import type { Replication } from "./replication.ts";
import { Shipment } from "./shipment.ts";

/** A delta for which no cut was made yet: its point is issued before anything names it (T4). */
export function* beginLive(work: Replication): Task<OpenDelta> {
  const { ports, machine } = work;
  const parent = work.base;
  if (parent === undefined) throw noBase();
  const point: PointId = yield* issue(work);
  // The cut at the end is of this point.
  work.unusedPoint = point;
  return {
    id: newIdentity(ports.entropy),
    parent,
    shipment: new Shipment(ports.codec.kernel, machine.tracked),
    sealing: undefined,
    point,
    cutAt: 0,
    cutNumber: work.cuts,
    kind: "standard",
    sizes: machine.sizes,
    placeholders: machine.placeholders,
    arriving: machine.arrivingBut([]),
    joins: [],
    live: true,
  };
}
