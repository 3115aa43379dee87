/**
 * How a primary's machine is given up to the peer that runs it now (L6); `role_change.ts` has the order.
 *
 * @module
 */

import { internalFailure } from "../../base/failure.ts";
import type { PointId } from "../../base/units.ts";
import type { PrimaryMachine } from "../../primary/machine.ts";
import { newIdentity } from "../../relationship/identity.ts";
import { nextState } from "../../relationship/state.ts";
import type { Task } from "../../runtime/task.ts";
import type { MessageOf } from "../../wire/message.ts";
import { type Demotion, objection } from "../role_change.ts";
import { noteChallenge } from "./challenge.ts";
import type { Entry, PrimaryMachines } from "./machines.ts";
import { goOn } from "./split_brain.ts";

/** See `PrimarySide`; the machine is reserved, and its changes are the caller's. */
export function* demote<T>(
  machines: PrimaryMachines,
  entry: Entry,
  opening: MessageOf<"open-machine">,
  peer: string,
  adopt: (demotion: Demotion) => Task<T>,
  undo: (adopted: T) => Task<void>,
): Task<T> {
  const { machine } = entry;
  const { name } = machine;
  const against = objection(machine, opening, peer, machines.clients(machine));
  const at = machines.context.ports.clock.now();
  noteChallenge(entry, opening, {
    peer,
    ancestry: opening.ancestry,
    failure: against?.failure,
    at,
  });
  // Who comes with an older history is back: it is replicated to, and follows, as soon as we reach it.
  if (against?.code === "older-generation") entry.replicator?.ask();
  if (against?.code === "wrong-state") yield* goOn(entry);
  if (against !== undefined) throw against;
  nextState(machine.state, "demote", name);
  yield* machines.halt(entry);
  // From here on no write passes (L6): guests are gone, disks and logs are closed in order.
  yield* machines.withdraw(machine);
  const demotion = describe(machines, machine, opening.disks);
  if (!machines.claim(machine)) throw internalFailure("cancelled", "The server stops");
  yield* machine.close();
  let adopted: T | undefined;
  try {
    adopted = yield* adopt(demotion);
    // Crash before: the record is there, so the machine is a primary's, and is given up again. After:
    // it is a replica.
    yield* machines.forget(name);
    return adopted;
  } catch (error) {
    if (adopted !== undefined) yield* undo(adopted);
    yield* machines.openAgain(name, entry.replicator);
    throw error;
  }
}

/**
 * What a machine is whose disks are about to be closed, nothing being in flight any more. `theirs`: bytes of the disks that
 * it has where it runs now, by index.
 */
function describe(
  machines: PrimaryMachines,
  machine: PrimaryMachine,
  theirs: readonly number[],
): Demotion {
  const { id, name, geometry, ancestry, replicated } = machine;
  const { clock, entropy } = machines.context.ports;
  const [first] = replicated;
  const base = first?.base.kind === "point" ? first.base.point : undefined;
  const settled = replicated.every((disk) =>
    disk.unchanged && disk.base.kind === "point" && disk.base.point === base
  );
  // Whoever has left a disk out since a point does not hold that point: the other side would send what changed behind it.
  const whole = theirs.every((size, index) => size === 0 || (machine.sizes[index] ?? 0) > 0);
  const own = settled && whole ? base : undefined;
  return {
    id,
    name,
    geometry,
    ancestry,
    paths: machine.disks.map(({ path }) => path),
    sizes: machine.sizes,
    excluded: machine.placeholders,
    tail: {
      point: own ?? newIdentity<PointId>(entropy),
      kind: "standard",
      cutAt: Math.max(0, clock.wall()),
      losing: own === undefined,
    },
  };
}
