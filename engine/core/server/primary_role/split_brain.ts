/**
 * Two sides of a machine that both went on: the administrator's decision (L6).
 *
 * @module
 */

import { type Failed, requestFailure } from "../../base/failure.ts";
import type { GenerationId, PointId } from "../../base/units.ts";
import { relate } from "../../lineage/generation.ts";
import type { PrimaryMachine } from "../../primary/machine.ts";
import { newIdentity } from "../../relationship/identity.ts";
import type { Task } from "../../runtime/task.ts";
import { theirAncestry } from "./challenge.ts";
import type { Entry, PrimaryMachines } from "./machines.ts";

/**
 * Does what the administrator says: `digits` begin the newest generation of the side that stays. What the other
 * side alone has is kept there as a point.
 */
export function* resolve(machines: PrimaryMachines, entry: Entry, digits: string): Task<void> {
  const { machine, replicator } = entry;
  const theirs = theirAncestry(entry);
  const other = theirs?.[0]?.generation;
  const split = theirs !== undefined && relate(machine.ancestry, theirs) === "split";
  if (!split || other === undefined) throw noSplit(machine.name);
  if (other.startsWith(digits)) {
    yield* machine.yieldTo(other);
  } else if (machine.generation.startsWith(digits)) {
    const { entropy } = machines.context.ports;
    const branch = branchPoint(machines, machine);
    yield* machine.outrank(newIdentity<GenerationId>(entropy), branch, theirs);
    delete entry.challenger;
    replicator?.ask();
  } else {
    throw requestFailure(
      "bad-argument",
      `No branch of "${machine.name}" begins with "${digits}"`,
      `There are ${machine.generation} (here) and ${other}`,
    );
  }
}

/** Where a new generation of the machine parts from the one before. */
export function branchPoint(machines: PrimaryMachines, machine: PrimaryMachine): PointId {
  const base = machine.tracked[0]?.base;
  return base?.kind === "point" ? base.point : newIdentity<PointId>(machines.context.ports.entropy);
}

function noSplit(name: string): Failed {
  return requestFailure(
    "wrong-state",
    `The two sides of "${name}" are not a split brain, as far as this server was told`,
    'Look at "warmsite replication status"; a side that is only older becomes the replica by itself',
  );
}
