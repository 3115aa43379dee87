/**
 * The transition table, printed: the snapshot is the state diagram.
 *
 * @module
 */

import { equal, throws } from "node:assert/strict";
import {
  nextState,
  type ReplicationState,
  type StateEvent,
  TRANSITIONS,
} from "../../../../engine/core/relationship/state.ts";

const TABLE = `
Disabled                         --enable-->                      ReadyForInitialReplication
Disabled                         --accept-->                      WaitingForInitialReplication
ReadyForInitialReplication       --start-->                       InitialReplicationInProgress
ReadyForInitialReplication       --disable-->                     Disabled
InitialReplicationInProgress     --start-->                       InitialReplicationInProgress
InitialReplicationInProgress     --finish-initial-replication-->  Replicating
InitialReplicationInProgress     --refused-by-replica-->          Error
InitialReplicationInProgress     --lose-replica-->                InitialReplicationInProgress
InitialReplicationInProgress     --disable-->                     Disabled
WaitingForInitialReplication     --finish-initial-replication-->  Replicating
WaitingForInitialReplication     --disable-->                     Disabled
Replicating                      --lose-replica-->                WaitingForStartResynchronize
Replicating                      --refused-by-replica-->          Error
Replicating                      --welcomed-by-replica-->         Replicating
Replicating                      --fail-over-->                   FailedOverWaitingCompletion
Replicating                      --start-->                       Replicating
Replicating                      --disable-->                     Disabled
FailedOverWaitingCompletion      --cancel-failover-->             Replicating
FailedOverWaitingCompletion      --complete-failover-->           FailedOver
FailedOver                       --disable-->                     Disabled
Error                            --start-->                       InitialReplicationInProgress
Error                            --welcomed-by-replica-->         Replicating
Error                            --refused-by-replica-->          Error
Error                            --lose-replica-->                WaitingForStartResynchronize
Error                            --disable-->                     Disabled
WaitingForStartResynchronize     --start-->                       InitialReplicationInProgress
WaitingForStartResynchronize     --welcomed-by-replica-->         Replicating
WaitingForStartResynchronize     --refused-by-replica-->          Error
WaitingForStartResynchronize     --lose-replica-->                WaitingForStartResynchronize
WaitingForStartResynchronize     --disable-->                     Disabled
`;

Deno.test("the transition table is what it was reviewed to be", () => {
  const rows = Object.entries(TRANSITIONS).flatMap(([from, row]) =>
    Object.entries(row).map(([event, to]) =>
      `${from.padEnd(32)} ${`--${event}-->`.padEnd(32)} ${to}`
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
      throws(() => nextState(from, event, "vm"), {
        name: "Failed",
        message: new RegExp(`wrong-state: .*${from}`),
      });
    }
  }
  equal(refused > 0, true);
});
