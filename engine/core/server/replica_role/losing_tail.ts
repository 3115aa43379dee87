/**
 * What a demoted primary alone had: it is kept until the administrator says which side goes on (L6).
 *
 * @module
 */

import { requestFailure } from "../../base/failure.ts";
import type { ReplicaMachine } from "../../replica/replica_machine.ts";
import type { Task } from "../../runtime/task.ts";

/** Name of the hold that keeps it. */
export const TAIL_HOLD = "losing-tail";

/** Lets it go, once `digits` name the generation that is in force: from then on retention decides about it. */
export function* resolve(machine: ReplicaMachine, digits: string): Task<void> {
  const { name, store, record } = machine;
  const inForce = record.ancestry[0]?.generation;
  if (store.holds.has(TAIL_HOLD) && inForce?.startsWith(digits) === true) {
    yield* store.unhold(TAIL_HOLD);
    return yield* machine.forgetLosing();
  }
  throw requestFailure(
    "wrong-state",
    store.holds.has(TAIL_HOLD)
      ? `"${name}" goes on in generation ${inForce}, and in no other one`
      : `Nothing of "${name}" is to be decided here`,
    record.state === "FailedOver"
      ? `Make this side the primary first: "warmsite failover reverse ${name}"`
      : 'Look at "warmsite replication status"',
  );
}
