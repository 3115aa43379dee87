/**
 * Machines that could not be opened, for a disk of theirs is not there: they are tried again until it is. A file
 * system that is mounted after the start brings its machines back without a restart.
 *
 * @module
 */

import { isFailed } from "../../base/failure.ts";
import { SECOND } from "../../base/units.ts";
import type { Task } from "../../runtime/task.ts";
import { askPeers } from "./ask_peers.ts";
import type { PrimaryMachines } from "./machines.ts";

/** How often is looked, µs. */
const LOOK_AGAIN = 10 * SECOND;

/** Tries those that are not open again and again; asks the replicas of those that it opened, and serves them. */
export function* openLater(machines: PrimaryMachines): Task<void> {
  const { unopened, whenUnopened, context: { ports: { clock } } } = machines;
  for (;;) {
    yield* whenUnopened.until(() => unopened.size > 0);
    yield* clock.sleep(LOOK_AGAIN);
    for (const name of [...unopened.keys()]) {
      // It may be on its way out.
      if (!unopened.has(name) || machines.reserved(name)) continue;
      yield* machines.reserve(name, tryAgain(machines, name));
    }
    yield* askPeers(machines);
  }
}

function* tryAgain(machines: PrimaryMachines, name: string): Task<void> {
  try {
    yield* machines.openMachine(name, "ask");
    machines.unopened.delete(name);
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    machines.leaveUnopened(name, error.failure);
  }
}
