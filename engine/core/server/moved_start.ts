/**
 * Starting a machine that moved here by a planned failover: whoever asked for the move is on the other server, so
 * what goes wrong stands in this one's status until the guest runs.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import { SECOND } from "../base/units.ts";
import type { Task } from "../runtime/task.ts";
import { offeredDisks } from "./power.ts";
import type { Server } from "./server.ts";

/** How often is looked whether somebody started the guest by hand, µs. */
const LOOK = 5 * SECOND;

/**
 * Writes down that the machine is to be started by its command, if it has one, before it runs here: a crash from then
 * on is told of. A mark that cannot be written holds up no failover (R10).
 */
export function* oweStart({ commands, ports }: Server, vm: string): Task<void> {
  if (commands.of(vm).start === undefined) return;
  try {
    yield* commands.owed.owe(vm);
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    ports.observer.emit({ kind: "failure", machine: vm, failure: error.failure });
  }
}

/** Starts the machine by its command, if there is one, on recovery point `point`. */
export function* startMoved(server: Server, vm: string, point: string | undefined): Task<void> {
  const { commands, ports } = server;
  const disks = offeredDisks(server, vm);
  try {
    yield* commands.start(vm, point === undefined ? { disks } : { disks, point });
    yield* commands.owed.settle(vm);
  } catch (error) {
    if (!isFailed(error) || error.code === "cancelled") throw error;
    commands.owed.failed(vm, error.failure);
    ports.observer.emit({ kind: "failure", machine: vm, failure: error.failure });
    yield* untilStarted(server, vm);
  }
}

/** Forgets that a start is owed once a guest is on the machine's disks, or it is not the primary's here any more. */
export function* untilStarted(server: Server, vm: string): Task<void> {
  const { commands, exports, ports, primary } = server;
  while (commands.owed.has(vm)) {
    const runs = offeredDisks(server, vm).some((disk) => exports.clients(disk) > 0);
    try {
      if (runs || !primary.has(vm)) return yield* commands.owed.settle(vm);
    } catch (error) {
      // The mark could not be removed: it is said again, and tried again.
      if (!isFailed(error) || error.code === "cancelled") throw error;
    }
    yield* ports.clock.sleep(LOOK);
  }
}
