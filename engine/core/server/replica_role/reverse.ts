/**
 * How a machine that was failed over to this server leaves the replica's role for the primary's (L6);
 * `role_change.ts` has the order.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { localFailure } from "../../base/failure.ts";
import type { RelationshipSettings } from "../../relationship/settings.ts";
import type { Task } from "../../runtime/task.ts";
import { strip } from "../replica_folder.ts";
import type { Promotion } from "../role_change.ts";
import type { Entry, ReplicaMachines } from "./machines.ts";
import { openMachine } from "./opening.ts";

/** Completes the failover if that is still open, and hands the machine to `promote`; it is reserved by the caller. */
export function* reverse(
  machines: ReplicaMachines,
  entry: Entry,
  given: RelationshipSettings | undefined,
  promote: (promotion: Promotion) => Task<void>,
): Task<void> {
  const { machine } = entry;
  if (machines.closed) {
    const again = `Ask again once it runs: "warmsite failover reverse ${machine.name}"`;
    throw localFailure("busy", "The server stops", again);
  }
  machine.stateAfter("reverse");
  entry.tests.refuseWhileThere("reverse the replication of");
  const settings = given ?? machine.record.reverse;
  assert(settings !== undefined, "Who reverses says to where");
  // Durable first: a crash from the complete on is followed by the rest of it, for its guest waits.
  yield* machine.setRecord({ ...machine.record, reverse: settings });
  if (entry.failover !== undefined) yield* machines.finishComplete(entry);
  yield* handOver(machines, entry, settings, promote);
}

/** The machine leaves this role; if the other one cannot take it, it is here as before. */
function* handOver(
  machines: ReplicaMachines,
  entry: Entry,
  settings: RelationshipSettings,
  promote: (promotion: Promotion) => Task<void>,
): Task<void> {
  const { machine, home, scope } = entry;
  const { name, store, record } = machine;
  const { ancestry, branch } = record;
  const promotion = {
    id: store.machine,
    name,
    paths: store.diskPaths,
    excluded: store.newest?.placeholders ?? [],
    settings,
    ancestry,
    branch,
  };
  machines.entries.delete(name);
  yield* scope.cancel();
  yield* machine.close();
  try {
    yield* promote(promotion);
  } catch (error) {
    if (!machines.primary.opened(name) && machines.primary.rival(name) === undefined) {
      yield* openMachine(machines, name);
    }
    throw error;
  }
  yield* strip(home.folder);
}
