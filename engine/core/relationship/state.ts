/**
 * The states of a replication relationship and the one table of its transitions.
 *
 * Names and meanings are those of Hyper-V's `Get-VMReplication`. Rule: nothing changes a state but
 * `nextState`; an event without a row here is refused and changes nothing (I36).
 *
 * @module
 */

import type { FailureCode } from "../base/failure.ts";
import { refusedIn } from "./refused_event.ts";

/** Where a relationship stands, by PowerShell's name. */
export type ReplicationState =
  | "Disabled"
  | "ReadyForInitialReplication"
  | "InitialReplicationInProgress"
  | "WaitingForInitialReplication"
  | "Replicating"
  | "PreparedForFailover"
  | "FailedOverWaitingCompletion"
  | "FailedOver"
  | "Suspended"
  | "Error"
  | "WaitingForStartResynchronize"
  | "Resynchronizing"
  | "ResynchronizeSuspended"
  | "RecoveryInProgress"
  | "FailbackInProgress"
  | "FailbackComplete"
  | "WaitingForUpdateCompletion"
  | "UpdateError"
  | "WaitingForRepurposeCompletion"
  | "PreparedForSyncReplication"
  | "PreparedForGroupReverseReplication"
  | "FiredrillInProgress";

/** Which side of the relationship a server is for a machine. */
export type Role = "none" | "primary" | "replica";

/** What moves a relationship from state to state. */
export type StateEvent =
  | "enable"
  | "accept"
  | "start"
  | "stop"
  | "export"
  | "finish-export"
  | "await-import"
  | "finish-initial-replication"
  | "pause"
  | "resume"
  | "lose-replica"
  | "refused-by-replica"
  | "welcomed-by-replica"
  | "require-resynchronization"
  | "start-resynchronization"
  | "pause-resynchronization"
  | "continue-resynchronization"
  | "cancel-resynchronization"
  | "finish-resynchronization"
  | "prepare-failover"
  | "fail-over"
  | "cancel-failover"
  | "complete-failover"
  | "reverse"
  | "demote"
  | "finish-failback"
  | "change-disks"
  | "finish-disk-update"
  | "disable";

type Row = Readonly<Partial<Record<StateEvent, ReplicationState>>>;

/** Every transition there is. A missing cell is an illegal transition. */
export const TRANSITIONS: Readonly<Record<ReplicationState, Row>> = {
  Disabled: { enable: "ReadyForInitialReplication", accept: "WaitingForInitialReplication" },
  ReadyForInitialReplication: {
    start: "InitialReplicationInProgress",
    export: "InitialReplicationInProgress",
    disable: "Disabled",
  },
  InitialReplicationInProgress: {
    start: "InitialReplicationInProgress",
    stop: "ReadyForInitialReplication",
    "finish-export": "WaitingForInitialReplication",
    "finish-initial-replication": "Replicating",
    "refused-by-replica": "Error",
    "lose-replica": "InitialReplicationInProgress",
    demote: "FailbackInProgress",
    disable: "Disabled",
  },
  WaitingForInitialReplication: {
    start: "InitialReplicationInProgress",
    export: "InitialReplicationInProgress",
    "await-import": "WaitingForInitialReplication",
    "refused-by-replica": "Error",
    "finish-initial-replication": "Replicating",
    disable: "Disabled",
  },
  Replicating: {
    start: "Replicating",
    pause: "Suspended",
    "lose-replica": "WaitingForStartResynchronize",
    "refused-by-replica": "Error",
    "welcomed-by-replica": "Replicating",
    "require-resynchronization": "WaitingForStartResynchronize",
    "start-resynchronization": "Resynchronizing",
    "prepare-failover": "PreparedForFailover",
    "fail-over": "FailedOverWaitingCompletion",
    demote: "FailbackInProgress",
    "change-disks": "WaitingForUpdateCompletion",
    disable: "Disabled",
  },
  PreparedForFailover: {
    "cancel-failover": "Replicating",
    demote: "FailbackInProgress",
  },
  FailedOverWaitingCompletion: {
    "cancel-failover": "Replicating",
    "complete-failover": "FailedOver",
    reverse: "Replicating",
  },
  FailedOver: { reverse: "Replicating", disable: "Disabled" },
  Suspended: {
    resume: "Replicating",
    "await-import": "WaitingForInitialReplication",
    "fail-over": "FailedOverWaitingCompletion",
    demote: "FailbackInProgress",
    disable: "Disabled",
  },
  Error: {
    start: "InitialReplicationInProgress",
    export: "InitialReplicationInProgress",
    "await-import": "WaitingForInitialReplication",
    pause: "Suspended",
    resume: "Replicating",
    "welcomed-by-replica": "Replicating",
    "refused-by-replica": "Error",
    "lose-replica": "WaitingForStartResynchronize",
    "require-resynchronization": "WaitingForStartResynchronize",
    demote: "FailbackInProgress",
    disable: "Disabled",
  },
  WaitingForStartResynchronize: {
    start: "InitialReplicationInProgress",
    export: "InitialReplicationInProgress",
    pause: "Suspended",
    "welcomed-by-replica": "Replicating",
    "refused-by-replica": "Error",
    "lose-replica": "WaitingForStartResynchronize",
    "require-resynchronization": "WaitingForStartResynchronize",
    "start-resynchronization": "Resynchronizing",
    demote: "FailbackInProgress",
    disable: "Disabled",
  },
  Resynchronizing: {
    start: "Resynchronizing",
    "pause-resynchronization": "ResynchronizeSuspended",
    "cancel-resynchronization": "WaitingForStartResynchronize",
    "finish-resynchronization": "Replicating",
    "require-resynchronization": "Resynchronizing",
    "start-resynchronization": "Resynchronizing",
    "refused-by-replica": "Error",
    "lose-replica": "WaitingForStartResynchronize",
    demote: "FailbackInProgress",
    disable: "Disabled",
  },
  ResynchronizeSuspended: {
    "continue-resynchronization": "Resynchronizing",
    "cancel-resynchronization": "WaitingForStartResynchronize",
    "refused-by-replica": "Error",
    demote: "FailbackInProgress",
    disable: "Disabled",
  },
  RecoveryInProgress: {},
  FailbackInProgress: {
    "finish-failback": "Replicating",
    "fail-over": "FailedOverWaitingCompletion",
    disable: "Disabled",
  },
  FailbackComplete: {},
  WaitingForUpdateCompletion: {
    pause: "Suspended",
    "change-disks": "WaitingForUpdateCompletion",
    "finish-disk-update": "Replicating",
    "welcomed-by-replica": "WaitingForUpdateCompletion",
    "refused-by-replica": "Error",
    "lose-replica": "WaitingForStartResynchronize",
    "require-resynchronization": "WaitingForStartResynchronize",
    "start-resynchronization": "Resynchronizing",
    demote: "FailbackInProgress",
    disable: "Disabled",
  },
  UpdateError: {},
  WaitingForRepurposeCompletion: {},
  PreparedForSyncReplication: {},
  PreparedForGroupReverseReplication: {},
  FiredrillInProgress: {},
};

/** States that Hyper-V names and no machine here is ever in, and why. */
export const NEVER_ENTERED: Readonly<Partial<Record<ReplicationState, string>>> = {
  RecoveryInProgress:
    "A failover starts at once, whatever the history: there is no time in between",
  FailbackComplete: "The first point that arrives ends a failback: the machine is Replicating then",
  UpdateError:
    "What a replica refuses of a disk that is added it refuses of the machine: the state is Error until it is resumed",
  WaitingForRepurposeCompletion: "Hyper-V documents nothing but the name",
  PreparedForSyncReplication: "Of collections, which are WMI's alone",
  PreparedForGroupReverseReplication: "Of collections, which are WMI's alone",
  FiredrillInProgress: "Of collections; a test failover is a machine of its own here",
};

/** The state after `event`, or a refusal `wrong-state` that says what to do; `known`: see `refusedIn`. */
export function nextState(
  from: ReplicationState,
  event: StateEvent,
  machine: string,
  known?: FailureCode,
): ReplicationState {
  const to = TRANSITIONS[from][event];
  if (to !== undefined) return to;
  throw refusedIn(from, event, machine, known);
}

/** True when `text` names a state. */
export function isState(text: unknown): text is ReplicationState {
  return typeof text === "string" && Object.hasOwn(TRANSITIONS, text);
}
