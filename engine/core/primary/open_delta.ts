/**
 * The delta being sent: which cut it is for, and its shipment.
 *
 * A delta outlives connections and, when its frozen view was given up, cuts: what the replica holds of
 * it durably stays, and it is sealed as the point of the newest cut (C4).
 *
 * @module
 */

import { type Failed, localFailure } from "../base/failure.ts";
import type { PointId, Token } from "../base/units.ts";
import type { PointKind } from "../wire/point.ts";
import type { Shipment } from "./shipment.ts";

/** The delta that is not staged yet. */
export interface OpenDelta {
  /** Names it on the wire; 32 hex digits. */
  readonly id: string;
  /** The point on which it builds. */
  readonly parent: PointId;
  /** The point that it becomes: that of the newest cut made for it. */
  point: PointId;
  /** Wall time of that cut, µs since 1970. */
  cutAt: number;
  /** Counts the cuts of this machine in this process; requests wait for one made after them. */
  cutNumber: number;
  /** How that cut was made. */
  kind: PointKind;
  /** The right to start the machine that the replica held then, of a planned one: it is the last while that is so. */
  token?: Token | undefined;
  /** Bytes of every disk at that cut, by index. */
  sizes: readonly number[];
  /** The same of disks that are not replicated. */
  placeholders: readonly number[];
  /** The same of disks whose first copy goes on behind that cut. */
  arriving: readonly number[];
  /** Disks whose first copy ends with that cut, by index. */
  joins: readonly number[];
  readonly shipment: Shipment;
  /** True while it is filled by passes over the live disk: no cut was made for it yet (C5). */
  live?: boolean;
  /** The point whose seal the replica was asked for: no other of this delta's can be staged there. */
  sealing: PointId | undefined;
}

/** Nobody has said yet which point a delta may build on. */
export function noBase(): Failed {
  return localFailure(
    "not-the-base",
    "No point is known to build on",
    "Nothing: the next cycle asks the replica what it holds",
  );
}
