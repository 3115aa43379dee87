/**
 * The recovery point that a failover or a test is started on: which one is meant, and which is refused.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import type { PointId } from "../base/units.ts";
import type { RecoveryPoint } from "../history/recovery_point.ts";
import type { ReplicaMachine } from "../replica/replica_machine.ts";

/** The point that was asked for, or the newest that is whole. */
export function choosePoint(machine: ReplicaMachine, chosen: PointId | undefined): RecoveryPoint {
  const { points } = machine.store;
  const point = chosen === undefined
    ? points.findLast((candidate) => candidate.broken === undefined || candidate.unverified)
    : points.find((candidate) => candidate.id === chosen);
  if (point === undefined) {
    throw requestFailure(
      "no-such-point",
      chosen === undefined
        ? `"${machine.name}" has no recovery point yet`
        : `"${machine.name}" has no recovery point "${chosen}"`,
      'Look at "warmsite points list" for what there is',
    );
  }
  if (point.broken !== undefined && !point.unverified) {
    throw requestFailure(
      "point-broken",
      `Recovery point "${point.id}" is damaged: ${point.broken}`,
      'Choose another one of "warmsite points list"',
    );
  }
  return point;
}

/** Disks of which nobody knows what they hold are run on by no mistake (R9). */
export function notVerified(name: string): Error {
  return requestFailure(
    "disk-suspect",
    `The disks of "${name}" are not as its last apply left them, and are being compared`,
    'Wait until they are verified ("warmsite replication status"), or start at once on what may ' +
      "differ from the recovery point: --unverified",
  );
}
