/**
 * Why the disks of a machine are not changed as it was asked.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import { DISKS_MAX } from "../base/limits.ts";
import type { MachineDisk } from "./machine_disk.ts";

/** None of its disks would be left, or none that is replicated. */
export function nothingLeft(machine: string): Error {
  return requestFailure(
    "bad-argument",
    `No disk of "${machine}" would be left, or none that is replicated`,
    'Remove the machine in place of its last disk: "warmsite vm remove"',
  );
}

/** Every number of a disk is used. */
export function tooManyDisks(machine: string): Error {
  return requestFailure(
    "bad-argument",
    `"${machine}" has ${DISKS_MAX} disks, those that were removed counted: their numbers are not used again`,
    "Add a machine of its own for this disk",
  );
}

/** It has no disk of that index, or no more. */
export function noSuchDisk(machine: string, index: number): Error {
  return requestFailure(
    "no-such-disk",
    `"${machine}" has no disk ${index}`,
    `Look at "warmsite replication status ${machine}" for its disks`,
  );
}

/** The replica holds all of it, or is about to: it may be started there at any moment (L4, L6). */
export function locked(machine: string): Error {
  return requestFailure(
    "wrong-state",
    `Cannot make a disk of "${machine}" larger in state PreparedForFailover: the machine is locked`,
    `Cancel the planned failover first: "warmsite failover cancel ${machine}"; or let the disk grow where the ` +
      "machine runs once the failover is done",
  );
}

/** Disks grow only. */
export function shrinking({ path, size }: MachineDisk, wanted: number): Error {
  return requestFailure(
    "bad-argument",
    `Cannot make "${path}" ${wanted} bytes long: it has ${size}, and disks grow only`,
    "Add a smaller disk, copy what is to be kept in the guest, and remove this one",
  );
}
