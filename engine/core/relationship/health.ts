/**
 * Health and objective: what an administrator is told about a relationship (I46).
 *
 * Rule: health is computed from what is known at this moment and never stored.
 *
 * @module
 */

import type { Failure } from "../base/failure.ts";
import { HOUR } from "../base/units.ts";
import type { ReplicationState, Role } from "./state.ts";

/** Hyper-V's levels. */
export type Health = "NotApplicable" | "Normal" | "Warning" | "Critical";

/** What health is computed from. */
export interface HealthFacts {
  readonly role: Role;
  readonly state: ReplicationState;
  /** What is wrong with disks, logs or store at this moment. */
  readonly troubles: readonly Failure[];
  /** Why the last attempt to replicate failed; `undefined` when it succeeded. */
  readonly lastFailure: Failure | undefined;
  /** µs since the newest point was staged; `undefined` before the first. */
  readonly sinceStaged: number | undefined;
  /** Recovery point, µs; `undefined` before the first point. */
  readonly rpo: number | undefined;
  /** One sentence for each disk that is compared with the replica as a whole. */
  readonly comparisons?: readonly string[];
  /** The objective for it, µs. */
  readonly objective: number;
}

/** The level, and one sentence for each thing that lowers it. */
export function judgeHealth(facts: HealthFacts): { health: Health; warnings: string[] } {
  if (facts.state === "Disabled" || facts.role === "none") {
    return { health: "NotApplicable", warnings: facts.troubles.map(sentence) };
  }
  const critical = facts.troubles.map(sentence);
  const warnings: string[] = [];
  if (facts.state === "Error" || facts.state === "WaitingForStartResynchronize") {
    critical.push(`Nothing is sent in state ${facts.state}`);
  }
  if (facts.lastFailure !== undefined) critical.push(sentence(facts.lastFailure));
  if (facts.state === "Suspended" && facts.role === "replica") {
    critical.push('Paused here: what is sent is refused. Resume it: "warmsite replication resume"');
  }
  if (facts.state === "Suspended" && facts.role === "primary") {
    warnings.push(
      'Paused here: nothing is sent, changes are tracked. Resume it: "warmsite replication resume"',
    );
  } else if (facts.role === "primary" && facts.state !== "Replicating" && critical.length === 0) {
    warnings.push(
      facts.state === "ReadyForInitialReplication"
        ? 'Not protected yet: start initial replication with "warmsite replication start"'
        : "Initial replication has not finished: the machine is not protected yet",
    );
  }
  warnings.push(...facts.comparisons ?? []);
  if (facts.state === "FailedOverWaitingCompletion") {
    warnings.push("Failed over, neither cancelled nor completed: nothing protects this machine");
  }
  if (facts.state === "FailedOver") {
    warnings.push(
      "Failed over and completed: nothing protects this machine. " +
        'Protect it from here: "warmsite vm add" with its disk files and another name',
    );
  }
  if (facts.sinceStaged !== undefined && facts.sinceStaged > HOUR) {
    warnings.push("No recovery point for more than an hour");
  }
  if (facts.rpo !== undefined && facts.rpo > facts.objective) {
    warnings.push("The recovery point is older than its objective");
  }
  const health = critical.length > 0 ? "Critical" : warnings.length > 0 ? "Warning" : "Normal";
  return { health, warnings: [...critical, ...warnings] };
}

function sentence(failure: Failure): string {
  return failure.action === "" ? failure.message : `${failure.message}. ${failure.action}`;
}
