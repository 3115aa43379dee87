/**
 * Health and objective: what an administrator is told about a relationship (I46).
 *
 * Rule: health is computed from what is known at this moment and never stored.
 *
 * @module
 */

import type { Failure } from "../base/failure.ts";
import { HOUR, MINUTE } from "../base/units.ts";
import { classOf } from "./failure_class.ts";
import { averageLatency, type IntervalCounters, missedTooMany } from "./monitoring.ts";
import { waysOut } from "./prepared.ts";
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
  /** µs since a point arrived whole at the replica; `undefined` before the first one. */
  readonly sinceStaged: number | undefined;
  /** Between two cycles, µs, where that is known. */
  readonly frequency?: number | undefined;
  /** One sentence for each thing that an administrator should look at beside. */
  readonly comparisons?: readonly string[];
  /** The monitoring interval that runs. */
  readonly interval?: Readonly<Pick<IntervalCounters, "cycles" | "missed" | "latency">> | undefined;
}

/** More than this on the average from a cycle's start until its point is staged is a warning, µs. */
const LATENCY_MAX = 5 * MINUTE;

/**
 * The level, and one sentence for each thing that lowers it: Hyper-V's rules (M68). How old the newest point may be at
 * most is the administrator's objective, which has a field of its own.
 */
export function judgeHealth(facts: HealthFacts): { health: Health; warnings: string[] } {
  if (facts.state === "Disabled" || facts.role === "none") {
    return { health: "NotApplicable", warnings: facts.troubles.map(sentence) };
  }
  const critical = [...facts.troubles.map(sentence), ...stopped(facts)];
  const warnings = [...unfinished(facts, critical.length > 0), ...facts.comparisons ?? []];
  warnings.push(...behind(facts));
  const { lastFailure } = facts;
  if (lastFailure !== undefined) {
    // One cut that failed says nothing of the next one.
    const passing = classOf(lastFailure.code) === "this-cycle";
    (passing ? warnings : critical).push(sentence(lastFailure));
  }
  const health = critical.length > 0 ? "Critical" : warnings.length > 0 ? "Warning" : "Normal";
  return { health, warnings: [...critical, ...warnings] };
}

/** Nothing can be sent, or is taken. */
function stopped({ state, role }: HealthFacts): string[] {
  if (state === "Error" || state === "WaitingForStartResynchronize") {
    return [`Nothing is sent in state ${state}`];
  }
  if (state === "Suspended" && role === "replica") {
    return ['Paused here: what is sent is refused. Resume it: "warmsite replication resume"'];
  }
  return [];
}

/** What a primary says whose first copy is on media. */
const IMPORT_DUE = "Not protected yet: carry the package to the replica server, and there " +
  '"warmsite replication import PATH"';

/** The machine is not protected as it is meant to be. */
function unfinished({ state, role, lastFailure }: HealthFacts, stands: boolean): string[] {
  switch (state) {
    case "Suspended":
      return role === "replica" ? [] : [
        "Paused here: nothing is sent, changes are tracked. " +
        'Resume it: "warmsite replication resume"',
      ];
    case "PreparedForFailover":
      return [
        `Prepared for a planned failover: its guest cannot start here. ${
          waysOut(lastFailure?.code)
        }`,
      ];
    case "FailbackInProgress":
      return ["It ran here before: the first recovery point of where it runs now is on its way"];
    case "FailedOverWaitingCompletion":
      return [
        "Failed over, neither cancelled nor completed: nothing protects this machine. To stay here: " +
        '"warmsite failover reverse"; to go back: "warmsite failover cancel"',
      ];
    case "FailedOver":
      return [
        "Failed over and completed: nothing protects this machine. " +
        'Let it be replicated back: "warmsite failover reverse"',
      ];
    case "ReadyForInitialReplication":
      return stands
        ? []
        : ['Not protected yet: start initial replication with "warmsite replication start"'];
    case "InitialReplicationInProgress":
    case "WaitingForInitialReplication":
      if (stands) return [];
      if (state === "WaitingForInitialReplication" && role === "primary") return [IMPORT_DUE];
      return ["Initial replication has not finished: the machine is not protected yet"];
    case "Replicating":
    case "Error":
    case "WaitingForStartResynchronize":
      return [];
    default:
      return stands ? [] : [`The machine is not replicated as usual: state ${state}`];
  }
}

/** It is replicated, and not as well as it should be. */
function behind({ sinceStaged, interval, role, frequency = 0 }: HealthFacts): string[] {
  const found: string[] = [];
  // Hyper-V's longest frequency is 15 minutes: with one of an hour each cycle would be late while it is under way.
  if (sinceStaged !== undefined && sinceStaged > Math.max(HOUR, 2 * frequency)) {
    // It speaks of points alone: parts of the next one may well be on their way.
    const where = role === "replica" ? "here" : "at the replica";
    found.push(`No recovery point has arrived ${where} for more than an hour`);
  }
  if (interval === undefined) return found;
  if (missedTooMany(interval)) {
    found.push(
      "More than 20 percent of the cycles of this monitoring interval were missed " +
        `(${interval.missed} of ${
          interval.cycles + interval.missed
        }): they failed or took too long. If that goes ` +
        "on, give the link more bandwidth, or choose a longer frequency; " +
        '"warmsite replication reset-statistics" begins anew',
    );
  }
  const latency = averageLatency(interval);
  if (latency !== undefined && latency > LATENCY_MAX) {
    found.push("A cycle takes more than five minutes on the average of this monitoring interval");
  }
  return found;
}

function sentence(failure: Failure): string {
  return `${failure.message}. ${failure.action}`;
}
