/**
 * Two sides of a machine that both went on: the administrator's decision (L6).
 *
 * @module
 */

import { type Failed, isFailed, requestFailure } from "../../base/failure.ts";
import type { GenerationId, PointId } from "../../base/units.ts";
import { type Ancestry, relate } from "../../lineage/generation.ts";
import type { PrimaryMachine } from "../../primary/machine.ts";
import { newIdentity } from "../../relationship/identity.ts";
import { isOfTheLink } from "../../relationship/failure_class.ts";
import { done, type Task } from "../../runtime/task.ts";
import { interrupted } from "../../runtime/together.ts";
import { theirAncestry } from "./challenge.ts";
import { mayRunThere } from "./held.ts";
import type { Entry, PrimaryMachines } from "./machines.ts";

/**
 * Does what the administrator says: `digits` begin the newest generation of the side that stays. What the other
 * side alone has is kept there as a point.
 */
export function* resolve(machines: PrimaryMachines, entry: Entry, digits: string): Task<void> {
  const { machine, replicator } = entry;
  const theirs = splitFrom(entry) ?? (yield* askedFor(entry));
  const other = theirs[0]?.generation as GenerationId;
  if (other.startsWith(digits)) {
    yield* machine.yieldTo(other);
    // The side that stays has stopped as well: it hears of the decision from us, and comes.
    if (machine.state === "Error") yield* machine.enter("resume");
    replicator?.resume(undefined);
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

/** The history of the other side, if it is known and has parted from ours. */
function splitFrom(entry: Entry): Ancestry | undefined {
  const theirs = theirAncestry(entry);
  const split = theirs !== undefined && relate(entry.machine.ancestry, theirs) === "split";
  return split ? theirs : undefined;
}

/** The same of a side that has told nothing since this server was started: it is asked. */
function* askedFor(entry: Entry): Task<Ancestry> {
  const { machine: { name }, replicator } = entry;
  // A machine that has no point anywhere is not asked for: its replica would be made for that.
  if (!mayRunThere(entry.machine)) throw noSplit(name);
  let refused: Failed | undefined;
  try {
    yield* replicator?.errand(() => done(undefined)) ?? done(undefined);
  } catch (error) {
    if (!isFailed(error) || (yield* interrupted())) throw error;
    refused = error;
  }
  const theirs = splitFrom(entry);
  if (theirs !== undefined) return theirs;
  throw refused !== undefined && isOfTheLink(refused.code) ? refused : noSplit(name);
}

/**
 * The other side gives way to this one, as its administrator has decided: what stopped here goes on, and reaches it.
 * Crash before: it calls again, or is asked.
 */
export function* goOn(entry: Entry): Task<void> {
  const { machine, replicator } = entry;
  // What it is told of that is meant for its administrator.
  delete entry.challenger;
  if (machine.state === "Error") yield* machine.enter("resume");
  replicator?.resume(undefined);
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
