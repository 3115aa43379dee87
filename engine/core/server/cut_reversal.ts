/**
 * Reversals that a crash cut short: gone on with when the server starts, and until they are done.
 *
 * @module
 */

import type { Task } from "../runtime/task.ts";
import { attempt } from "../runtime/together.ts";
import { TRY_AGAIN } from "./planned_failover.ts";
import type { Server } from "./server.ts";

/** Goes on with a reversal that a crash cut short; what it fails with, the next call is told too. */
export function* reverseAgain(server: Server, vm: string): Task<void> {
  const failure = yield* attempt(server.reverse(vm, undefined));
  if (failure !== undefined) server.ports.observer.emit({ kind: "failure", machine: vm, failure });
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
