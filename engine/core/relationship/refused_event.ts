/**
 * What is said to who asks for something that a state does not allow, and what to type in its place.
 *
 * @module
 */

import { type Failed, type FailureCode, requestFailure } from "../base/failure.ts";
import { waysOut } from "./prepared.ts";
import type { ReplicationState, StateEvent } from "./state.ts";

const ADVICE: Readonly<Partial<Record<ReplicationState, string>>> = {
  Disabled: 'Enable replication first: "warmsite replication enable"',
  ReadyForInitialReplication: 'Start initial replication first: "warmsite replication start"',
  InitialReplicationInProgress: "Wait until initial replication has finished, or stop it: " +
    '"warmsite replication stop"',
  WaitingForInitialReplication:
    "Wait until initial replication has finished; a package on media is imported at " +
    'the replica: "warmsite replication import PATH"',
  PreparedForFailover: waysOut(),
  FailedOverWaitingCompletion:
    'End the failover first: "warmsite failover cancel" to go back or to choose another ' +
    'point, "warmsite failover reverse" to stay here',
  FailedOver: "The failover is complete and final; " +
    'to protect the machine again: "warmsite failover reverse"',
  Suspended: 'Resume replication first: "warmsite replication resume"',
  Error: 'Mend what its status names, then resume: "warmsite replication resume"',
  WaitingForStartResynchronize: "Start initial replication again, or wait for its replica: " +
    '"warmsite replication start"',
  Resynchronizing: "Wait until the resynchronization has finished, or cancel it: " +
    '"warmsite replication resync cancel"',
  ResynchronizeSuspended: 'Continue it first: "warmsite replication resync continue"',
  FailbackInProgress: "Wait until the first recovery point of the new primary is here",
  WaitingForUpdateCompletion: "Wait until the added disk is replicated, or take it out again: " +
    '"warmsite vm disk remove"',
};

const LOOK = 'Look at "warmsite replication status"';

/** What was wanted, in words that the machine's name follows; an event without is called by its own. */
const WANTED: Readonly<Partial<Record<StateEvent, string>>> = {
  enable: "enable replication of",
  start: "start initial replication of",
  export: "export",
  pause: "pause replication of",
  resume: "resume replication of",
  "start-resynchronization": "resynchronize",
  "pause-resynchronization": "pause a resynchronization of",
  "continue-resynchronization": "continue a resynchronization of",
  "cancel-resynchronization": "cancel a resynchronization of",
  "prepare-failover": "prepare a planned failover of",
  "cancel-failover": "cancel a failover of",
  "complete-failover": "complete a failover of",
  reverse: "reverse the replication of",
  "change-disks": "change the disks of",
  disable: "end replication of",
};

const NO_FAILOVER = 'No failover is under way: "warmsite failover start" at the replica, or ' +
  '"warmsite failover planned" at the primary, begins one';
const NO_RESYNC =
  'No resynchronization is under way: "warmsite replication resync start" begins one';

/** What to do for who wanted something of a machine that replicates, and needs nothing. */
const ADVICE_FOR: Readonly<Partial<Record<StateEvent, string>>> = {
  enable: 'It is replicated already; change settings with "warmsite replication set"',
  "cancel-failover": NO_FAILOVER,
  "complete-failover": NO_FAILOVER,
  reverse: NO_FAILOVER,
  "pause-resynchronization": NO_RESYNC,
  "continue-resynchronization": NO_RESYNC,
  "cancel-resynchronization": NO_RESYNC,
};

/** What to do in `from` for who wanted something that it does not allow. */
export function adviceFor(from: ReplicationState): string {
  return ADVICE[from] ?? LOOK;
}

/** The refusal of `event` in state `from`; `known`: the code of what the replica said last of a machine that is prepared. */
export function refusedIn(
  from: ReplicationState,
  event: StateEvent,
  machine: string,
  known?: FailureCode,
): Failed {
  return requestFailure(
    "wrong-state",
    `Cannot ${WANTED[event] ?? event.replaceAll("-", " ")} "${machine}" in state ${from}`,
    from === "PreparedForFailover" ? waysOut(known) : ADVICE[from] ?? ADVICE_FOR[event] ?? LOOK,
  );
}
