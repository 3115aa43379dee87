/**
 * Who says that a machine of ours runs over there: what is remembered of that, and for how long.
 *
 * Rule: what stands in the status is true of this side at this moment. A peer that is only behind, an old primary
 * that comes back, claims nothing: it is told so, and follows. Nor does one that has another machine of the same name.
 * A claim is over once the replica has staged something of ours since: it follows us.
 *
 * @module
 */

import { type Ancestry, relate } from "../../lineage/generation.ts";
import type { MessageOf } from "../../wire/message.ts";
import type { Challenger, Entry } from "./machines.ts";

/** A peer opened the machine with a history of its own. */
export function noteChallenge(
  entry: Entry,
  opening: MessageOf<"open-machine">,
  challenger: Challenger,
): void {
  const { machine } = entry;
  if (opening.machine !== machine.id) return;
  const relation = relate(machine.ancestry, opening.ancestry);
  if (relation === "unrelated") return;
  if (relation !== "older") entry.challenger = challenger;
  // What it claimed before it was told is over.
  else if (entry.challenger?.peer === challenger.peer) delete entry.challenger;
}

/** The claim that stands; `undefined` when there is none, or it is over. */
export function challengeOf({ challenger, replicator }: Entry): Challenger | undefined {
  if (challenger === undefined) return undefined;
  const staged = replicator?.staged.newest?.stagedMonotonic;
  return staged !== undefined && staged > challenger.at ? undefined : challenger;
}

/** The other side's history, as the replica or a new primary told it last. */
export function theirAncestry(entry: Entry): Ancestry | undefined {
  return challengeOf(entry)?.ancestry ?? entry.replicator?.theirs;
}
