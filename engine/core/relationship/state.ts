/**
 * The states of a replication relationship and the one table of its transitions.
 *
 * Names and meanings are those of Hyper-V's `Get-VMReplication`. Rule: nothing changes a state but
 * `nextState`; an event without a row here is refused and changes nothing (I36).
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";

/** Where a relationship stands, by PowerShell's name. */
export type ReplicationState =
  | "Disabled"
  | "ReadyForInitialReplication"
  | "InitialReplicationInProgress"
  | "WaitingForInitialReplication"
  | "Replicating"
  | "FailedOverWaitingCompletion"
  | "FailedOver"
  | "Error"
  | "WaitingForStartResynchronize";

/** Which side of the relationship a server is for a machine. */
export type Role = "none" | "primary" | "replica";

/** What moves a relationship from state to state. */
export type StateEvent =
  | "enable"
  | "accept"
  | "start"
  | "finish-initial-replication"
  | "lose-replica"
  | "refused-by-replica"
  | "welcomed-by-replica"
  | "fail-over"
  | "cancel-failover"
  | "complete-failover"
  | "disable";

type Row = Readonly<Partial<Record<StateEvent, ReplicationState>>>;

/** Every transition there is. A missing cell is an illegal transition. */
export const TRANSITIONS: Readonly<Record<ReplicationState, Row>> = {
  Disabled: { enable: "ReadyForInitialReplication", accept: "WaitingForInitialReplication" },
  ReadyForInitialReplication: {
    start: "InitialReplicationInProgress",
    disable: "Disabled",
  },
  InitialReplicationInProgress: {
    start: "InitialReplicationInProgress",
    "finish-initial-replication": "Replicating",
    "refused-by-replica": "Error",
    "lose-replica": "InitialReplicationInProgress",
    disable: "Disabled",
  },
  WaitingForInitialReplication: {
    "finish-initial-replication": "Replicating",
    disable: "Disabled",
  },
  Replicating: {
    "lose-replica": "WaitingForStartResynchronize",
    "refused-by-replica": "Error",
    "welcomed-by-replica": "Replicating",
    "fail-over": "FailedOverWaitingCompletion",
    start: "Replicating",
    disable: "Disabled",
  },
  FailedOverWaitingCompletion: {
    "cancel-failover": "Replicating",
    "complete-failover": "FailedOver",
  },
  FailedOver: { disable: "Disabled" },
  Error: {
    start: "InitialReplicationInProgress",
    "welcomed-by-replica": "Replicating",
    "refused-by-replica": "Error",
    "lose-replica": "WaitingForStartResynchronize",
    disable: "Disabled",
  },
  WaitingForStartResynchronize: {
    start: "InitialReplicationInProgress",
    "welcomed-by-replica": "Replicating",
    "refused-by-replica": "Error",
    "lose-replica": "WaitingForStartResynchronize",
    disable: "Disabled",
  },
};

const ADVICE: Readonly<Partial<Record<ReplicationState, string>>> = {
  Disabled: 'Enable replication first: "warmsite replication enable"',
  ReadyForInitialReplication: 'Start initial replication first: "warmsite replication start"',
  InitialReplicationInProgress: "Wait until initial replication has finished",
  WaitingForInitialReplication: "Wait until initial replication has finished",
  FailedOverWaitingCompletion: 'Cancel or complete the failover first: "warmsite failover cancel"',
  FailedOver: "The failover is complete and final",
};

/** The state after `event`, or a refusal `wrong-state` that says what to do. */
export function nextState(
  from: ReplicationState,
  event: StateEvent,
  machine: string,
): ReplicationState {
  const to = TRANSITIONS[from][event];
  if (to !== undefined) return to;
  throw requestFailure(
    "wrong-state",
    `Cannot ${event.replaceAll("-", " ")} "${machine}" in state ${from}`,
    ADVICE[from] ?? 'Look at "warmsite replication status"',
  );
}

/** True when `text` names a state. */
export function isState(text: unknown): text is ReplicationState {
  return typeof text === "string" && Object.hasOwn(TRANSITIONS, text);
}
