/**
 * What may be asked for in which state: every verb that does more than tell, at either side.
 *
 * Reviewed by hand: a line that changes is a change of what administrators may do.
 *
 * @module
 */

import { type Side, type StageName, STAGES } from "./verb_stage.ts";

type Stages = readonly StageName[];

/** Prepared at its primary, which is locked from then on. */
const LOCKED: Stages = [
  "PreparedForFailover",
  "prepared, and started there",
  "prepared, and completed there",
];
/** a is the replica of b. */
const MOVED: Stages = ["FailbackInProgress", "reversed"];
const PAUSED: Stages = ["Suspended", "Suspended at the replica"];
const RESYNC: Stages = ["Resynchronizing", "ResynchronizeSuspended"];
/** A failover that goes on at the replica. */
const IN_FORCE: Stages = ["FailedOverWaitingCompletion", "prepared, and started there"];
/** It is complete there; in the second one its old primary was told twice. */
const COMPLETED: Stages = ["FailedOver", "Error"];
/** b has nothing of the machine yet. */
const ALONE: Stages = [
  "none",
  "Disabled",
  "ReadyForInitialReplication",
  "InitialReplicationInProgress",
];
const CYCLING: Stages = ["Replicating", "a test failover"];
/** States of a primary in which its disks come and go. */
const CHANGING: Stages = [
  "Disabled",
  "ReadyForInitialReplication",
  ...CYCLING,
  "WaitingForUpdateCompletion",
  "FailedOverWaitingCompletion",
  "Suspended at the replica",
];
/** b has points that may be started, or tested. */
const STARTABLE: Stages = [...CYCLING, "WaitingForUpdateCompletion", ...RESYNC, ...PAUSED];
const READABLE: Stages = [...STARTABLE, ...IN_FORCE, "PreparedForFailover"];
/** b has a replica that nothing keeps there. */
const REMOVABLE: Stages = [
  "WaitingForInitialReplication",
  "Replicating",
  "WaitingForUpdateCompletion",
  "WaitingForStartResynchronize",
  ...RESYNC,
  ...PAUSED,
];

function but(stages: Stages, ...others: Stages): Stages {
  return stages.filter((each) => !others.includes(each));
}

/** Both sides have the machine, whoever is its primary; b has it in other roles too. */
const RELATED = but(STAGES, "none", "Disabled");
const OF_THE_SERVER = { a: STAGES, b: STAGES };
const OF_DISKS = { a: CHANGING, b: MOVED };

/** States in which a call is done, at each side. */
export const LEGAL: Readonly<Record<string, Readonly<Record<Side, Stages>>>> = {
  "server set": OF_THE_SERVER,
  "authorization add": OF_THE_SERVER,
  "authorization set": OF_THE_SERVER,
  "authorization remove": OF_THE_SERVER,
  "vm add": { a: ["none"], b: ALONE },
  "vm remove": { a: ["Disabled", ...MOVED], b: REMOVABLE },
  "vm remove --force": { a: ["Disabled", ...MOVED], b: [...REMOVABLE, "PreparedForFailover"] },
  "vm disk add": OF_DISKS,
  "vm disk remove": OF_DISKS,
  "vm disk exclude": OF_DISKS,
  "vm disk grow": { a: but(STAGES, "none", ...LOCKED, ...MOVED), b: [...MOVED, "split brain"] },
  "replication enable": { a: ["Disabled"], b: [] },
  "replication set": { a: but(RELATED, ...LOCKED, ...MOVED), b: [...MOVED, "split brain"] },
  "replication start": {
    a: but(
      RELATED,
      ...LOCKED,
      ...MOVED,
      "WaitingForUpdateCompletion",
      "ResynchronizeSuspended",
      "Suspended",
    ),
    b: [...MOVED, "split brain"],
  },
  "replication stop": { a: ["InitialReplicationInProgress"], b: [] },
  "replication import": { a: [], b: ["WaitingForInitialReplication"] },
  "replication pause": {
    a: [
      ...CYCLING,
      "WaitingForUpdateCompletion",
      "WaitingForStartResynchronize",
      "FailedOverWaitingCompletion",
      ...COMPLETED,
      "reversed",
      "split brain",
      "Suspended at the replica",
    ],
    b: [
      ...but(STARTABLE, "Suspended at the replica"),
      "PreparedForFailover",
      ...MOVED,
      "split brain",
    ],
  },
  "replication resume": {
    a: [...COMPLETED, "split brain", "Suspended"],
    b: ["split brain", "Suspended at the replica"],
  },
  "replication reset-statistics": { a: RELATED, b: but(STAGES, ...ALONE) },
  "replication cycle": { a: CYCLING, b: ["reversed"] },
  "replication verify": { a: CYCLING, b: ["reversed"] },
  // Of a failover a primary knows nothing before it is told.
  "replication resync start": {
    a: [
      ...CYCLING,
      "WaitingForUpdateCompletion",
      "WaitingForStartResynchronize",
      "Resynchronizing",
      "FailedOverWaitingCompletion",
      "Suspended at the replica",
    ],
    b: MOVED,
  },
  "replication resync pause": { a: ["Resynchronizing"], b: [] },
  "replication resync continue": { a: ["ResynchronizeSuspended"], b: [] },
  "replication resync cancel": { a: RESYNC, b: [] },
  "replication disable": {
    a: but(RELATED, ...LOCKED),
    b: [...REMOVABLE, ...MOVED, "split brain"],
  },
  "points export": { a: MOVED, b: READABLE },
  "failover test": { a: MOVED, b: READABLE },
  "failover test --delete": { a: [], b: ["a test failover"] },
  "failover start": { a: MOVED, b: [...STARTABLE, "PreparedForFailover"] },
  "failover cancel": { a: ["PreparedForFailover"], b: IN_FORCE },
  "failover cancel --force": { a: LOCKED, b: IN_FORCE },
  "failover complete": { a: [], b: IN_FORCE },
  "failover reverse": { a: [], b: [...IN_FORCE, ...COMPLETED, "prepared, and completed there"] },
  // Asked for again it is done already, or goes on.
  "failover prepare": { a: [...CYCLING, ...LOCKED], b: ["reversed"] },
  "failover planned": { a: [...CYCLING, "PreparedForFailover"], b: ["reversed"] },
  "failover resolve": { a: ["split brain"], b: ["split brain"] },
};
