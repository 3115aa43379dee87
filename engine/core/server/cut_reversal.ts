/**
 * Reversals that a crash cut short: gone on with when the server starts, and until they are done.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import { SECOND } from "../base/units.ts";
import type { Task } from "../runtime/task.ts";
import type { Server } from "./server.ts";

/** How long after one that failed it is tried again, µs. */
const TRY_AGAIN = 10 * SECOND;

/** Goes on with a reversal that a crash cut short; what it fails with, the next call is told too. */
export function* reverseAgain(server: Server, vm: string): Task<void> {
  try {
    yield* server.reverse(vm, undefined);
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    server.ports.observer.emit({ kind: "failure", machine: vm, failure: error.failure });
  }
}

/**
 * Tries again what failed when this server started, for a machine whose failover is complete: it can go nowhere else, and
 * a primary that gave it away has nobody left to ask. One that is not complete is its administrator's to reverse, or to cancel.
 */
export function* keepReversing(server: Server, vm: string): Task<void> {
  const { replica, ports } = server;
  const owed = () => replica.reversing().includes(vm) && replica.machine(vm).state === "FailedOver";
  while (owed()) {
    yield* ports.clock.sleep(TRY_AGAIN);
    if (owed()) yield* reverseAgain(server, vm);
  }
}
