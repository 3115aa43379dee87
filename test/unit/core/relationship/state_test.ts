/**
 * The transition table, printed: the snapshot is the state diagram.
 *
 * @module
 */

import { deepEqual, equal, throws } from "node:assert/strict";
import { isFailed } from "../../../../engine/core/base/failure.ts";
import {
  NEVER_ENTERED,
  nextState,
  type ReplicationState,
  type StateEvent,
  TRANSITIONS,
} from "../../../../engine/core/relationship/state.ts";

const TABLE = `
Disabled                           --enable-->                        ReadyForInitialReplication
Disabled                           --accept-->                        WaitingForInitialReplication
ReadyForInitialReplication         --start-->                         InitialReplicationInProgress
ReadyForInitialReplication         --export-->                        InitialReplicationInProgress
ReadyForInitialReplication         --disable-->                       Disabled
InitialReplicationInProgress       --start-->                         InitialReplicationInProgress
InitialReplicationInProgress       --stop-->                          ReadyForInitialReplication
InitialReplicationInProgress       --finish-export-->                 WaitingForInitialReplication
InitialReplicationInProgress       --finish-initial-replication-->    Replicating
InitialReplicationInProgress       --refused-by-replica-->            Error
InitialReplicationInProgress       --lose-replica-->                  InitialReplicationInProgress
InitialReplicationInProgress       --demote-->                        FailbackInProgress
InitialReplicationInProgress       --disable-->                       Disabled
WaitingForInitialReplication       --start-->                         InitialReplicationInProgress
WaitingForInitialReplication       --export-->                        InitialReplicationInProgress
WaitingForInitialReplication       --await-import-->                  WaitingForInitialReplication
WaitingForInitialReplication       --refused-by-replica-->            Error
WaitingForInitialReplication       --finish-initial-replication-->    Replicating
WaitingForInitialReplication       --disable-->                       Disabled
Replicating                        --start-->                         Replicating
Replicating                        --pause-->                         Suspended
Replicating                        --lose-replica-->                  WaitingForStartResynchronize
Replicating                        --refused-by-replica-->            Error
Replicating                        --welcomed-by-replica-->           Replicating
Replicating                        --require-resynchronization-->     WaitingForStartResynchronize
Replicating                        --start-resynchronization-->       Resynchronizing
Replicating                        --prepare-failover-->              PreparedForFailover
Replicating                        --fail-over-->                     FailedOverWaitingCompletion
Replicating                        --demote-->                        FailbackInProgress
Replicating                        --change-disks-->                  WaitingForUpdateCompletion
Replicating                        --disable-->                       Disabled
PreparedForFailover                --cancel-failover-->               Replicating
PreparedForFailover                --demote-->                        FailbackInProgress
FailedOverWaitingCompletion        --cancel-failover-->               Replicating
FailedOverWaitingCompletion        --complete-failover-->             FailedOver
FailedOverWaitingCompletion        --reverse-->                       Replicating
FailedOver                         --reverse-->                       Replicating
FailedOver                         --disable-->                       Disabled
Suspended                          --resume-->                        Replicating
Suspended                          --await-import-->                  WaitingForInitialReplication
Suspended                          --fail-over-->                     FailedOverWaitingCompletion
Suspended                          --demote-->                        FailbackInProgress
Suspended                          --disable-->                       Disabled
Error                              --start-->                         InitialReplicationInProgress
Error                              --export-->                        InitialReplicationInProgress
Error                              --await-import-->                  WaitingForInitialReplication
Error                              --pause-->                         Suspended
Error                              --resume-->                        Replicating
Error                              --welcomed-by-replica-->           Replicating
Error                              --refused-by-replica-->            Error
Error                              --lose-replica-->                  WaitingForStartResynchronize
Error                              --require-resynchronization-->     WaitingForStartResynchronize
Error                              --demote-->                        FailbackInProgress
Error                              --disable-->                       Disabled
WaitingForStartResynchronize       --start-->                         InitialReplicationInProgress
WaitingForStartResynchronize       --export-->                        InitialReplicationInProgress
WaitingForStartResynchronize       --pause-->                         Suspended
WaitingForStartResynchronize       --welcomed-by-replica-->           Replicating
WaitingForStartResynchronize       --refused-by-replica-->            Error
WaitingForStartResynchronize       --lose-replica-->                  WaitingForStartResynchronize
WaitingForStartResynchronize       --require-resynchronization-->     WaitingForStartResynchronize
WaitingForStartResynchronize       --start-resynchronization-->       Resynchronizing
WaitingForStartResynchronize       --demote-->                        FailbackInProgress
WaitingForStartResynchronize       --disable-->                       Disabled
Resynchronizing                    --start-->                         Resynchronizing
Resynchronizing                    --pause-resynchronization-->       ResynchronizeSuspended
Resynchronizing                    --cancel-resynchronization-->      WaitingForStartResynchronize
Resynchronizing                    --finish-resynchronization-->      Replicating
Resynchronizing                    --require-resynchronization-->     Resynchronizing
Resynchronizing                    --start-resynchronization-->       Resynchronizing
Resynchronizing                    --refused-by-replica-->            Error
Resynchronizing                    --lose-replica-->                  WaitingForStartResynchronize
Resynchronizing                    --demote-->                        FailbackInProgress
Resynchronizing                    --disable-->                       Disabled
ResynchronizeSuspended             --continue-resynchronization-->    Resynchronizing
ResynchronizeSuspended             --cancel-resynchronization-->      WaitingForStartResynchronize
ResynchronizeSuspended             --refused-by-replica-->            Error
ResynchronizeSuspended             --demote-->                        FailbackInProgress
ResynchronizeSuspended             --disable-->                       Disabled
FailbackInProgress                 --finish-failback-->               Replicating
FailbackInProgress                 --fail-over-->                     FailedOverWaitingCompletion
FailbackInProgress                 --disable-->                       Disabled
WaitingForUpdateCompletion         --pause-->                         Suspended
WaitingForUpdateCompletion         --change-disks-->                  WaitingForUpdateCompletion
WaitingForUpdateCompletion         --finish-disk-update-->            Replicating
WaitingForUpdateCompletion         --welcomed-by-replica-->           WaitingForUpdateCompletion
WaitingForUpdateCompletion         --refused-by-replica-->            Error
WaitingForUpdateCompletion         --lose-replica-->                  WaitingForStartResynchronize
WaitingForUpdateCompletion         --require-resynchronization-->     WaitingForStartResynchronize
WaitingForUpdateCompletion         --start-resynchronization-->       Resynchronizing
WaitingForUpdateCompletion         --demote-->                        FailbackInProgress
WaitingForUpdateCompletion         --disable-->                       Disabled
`;

Deno.test("the transition table is what it was reviewed to be", () => {
  const rows = Object.entries(TRANSITIONS).flatMap(([from, row]) =>
    Object.entries(row).map(([event, to]) =>
      `${from.padEnd(34)} ${`--${event}-->`.padEnd(34)} ${to}`
    )
  );
  equal(rows.join("\n"), TABLE.trim());
});

Deno.test("every event without a row is refused with the state's name and an action (I36)", () => {
  const events = new Set(Object.values(TRANSITIONS).flatMap((row) => Object.keys(row)));
  let refused = 0;
  for (const from of Object.keys(TRANSITIONS) as ReplicationState[]) {
    for (const event of events as Set<StateEvent>) {
      if (TRANSITIONS[from][event] !== undefined) continue;
      refused++;
      throws(() => nextState(from, event, "vm"), (error: unknown) => {
        if (!isFailed(error, "wrong-state")) return false;
        const { message, action } = error.failure;
        return message.includes(`"vm" in state ${from}`) && action.includes(" ");
      });
    }
  }
  equal(refused > 0, true);
});

Deno.test("a state that nothing leads to is one that says why no machine is ever in it", () => {
  const reached = new Set(Object.values(TRANSITIONS).flatMap((row) => Object.values(row)));
  const unreached = Object.keys(TRANSITIONS).filter((state) =>
    state !== "Disabled" && !reached.has(state as ReplicationState)
  );
  equal(Object.keys(TRANSITIONS).length, 22);
  equal(unreached.toSorted().join(), Object.keys(NEVER_ENTERED).toSorted().join());
  for (const state of unreached) deepEqual(TRANSITIONS[state as ReplicationState], {}, state);
  for (const why of Object.values(NEVER_ENTERED)) equal((why ?? "").length > 20, true);
});

Deno.test("every event of the table is one that something in the engine fires", () => {
  const events = new Set(Object.values(TRANSITIONS).flatMap((row) => Object.keys(row)));
  const source = sources("engine/core").join("\n");
  deepEqual([...events].filter((event) => !source.includes(`"${event}"`)), []);
});

/** What stands in the files of a folder, but for those that hold the table and its words. */
function sources(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return name === "relationship" ? [] : sources(path);
    return [Deno.readTextFileSync(path)];
  });
}
