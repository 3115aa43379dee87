/**
 * Why the guest of a machine is not served by its primary: its replica may have been started (L6).
 *
 * @module
 */

import { type Failure, localFailure } from "../../base/failure.ts";
import type { PrimaryMachine } from "../../primary/machine.ts";

/** True when its replica may have been failed over to: it has, or may have, a recovery point. */
export function mayRunThere({ state, tracked }: PrimaryMachine): boolean {
  if (state === "Disabled" || state === "ReadyForInitialReplication") return false;
  return state !== "InitialReplicationInProgress" ||
    tracked.some(({ base }) => base.kind === "point");
}

/** Until the replica has answered. */
export function asking({ name }: PrimaryMachine): Failure {
  return localFailure("busy", `The replica of "${name}" is asked whether it runs there`, "Wait")
    .failure;
}

/** The replica, or a new primary, has the machine. */
export function runsThere({ name, settings }: PrimaryMachine, because: Failure): Failure {
  return {
    code: because.code,
    side: "peer",
    message: `"${name}" is not served here: it runs at ${settings?.to ?? "its replica"}`,
    action: because.code === "split-brain"
      ? because.action
      : "Nothing, if that is as it should be: this server becomes its replica once that failover is " +
        "reversed there, and serves it again once it is cancelled",
  };
}

/** The replica gave no answer. */
export function unanswered({ name, settings }: PrimaryMachine): Failure {
  return localFailure(
    "timed-out",
    `"${name}" is not served: ${settings?.to ?? "its replica"} does not say whether it runs there`,
    `Make sure that it does not, then "warmsite replication set ${name} --on-unknown serve"`,
  ).failure;
}
