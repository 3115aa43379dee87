/**
 * Whether a machine is off: no client is on its disks, and the administrator's status command, if there is
 * one, says that it is stopped.
 *
 * @module
 */

import { type Failed, requestFailure } from "../base/failure.ts";
import { MILLISECOND, SECOND } from "../base/units.ts";
import type { Clock } from "../ports/clock.ts";
import type { CommandBook, Ground } from "../relationship/command_book.ts";
import type { Task } from "../runtime/task.ts";

/** A machine that somebody wants to be off. */
export interface PoweredMachine {
  /** By whose commands it is asked. */
  readonly name: string;
  readonly ground: Ground;
  /** How many clients one of its exports has. */
  clients(disk: string): number;
}

/** How long a machine that was stopped may take to leave its disks, µs. */
const LEAVING_MAX = 5 * SECOND;
const LOOK = 100 * MILLISECOND;

/** Why the machine is not off; `undefined` when it is. Fails with `hypervisor` when the command does. */
export function* whyNotOff(
  commands: CommandBook,
  machine: PoweredMachine,
): Task<Failed | undefined> {
  const { name, ground } = machine;
  const used = ground.disks.find((disk) => machine.clients(disk) > 0);
  if (used !== undefined) {
    return requestFailure("busy", `A guest is attached to ${used}`, "Shut the machine down first");
  }
  const power = yield* commands.status(name, ground);
  if (power === undefined || power === "stopped") return undefined;
  return requestFailure(
    "busy",
    power === "running"
      ? `"${ground.as ?? name}" is running, says its status command`
      : `The status command does not say that "${ground.as ?? name}" is stopped`,
    'Shut the machine down first; the command prints "stopped" when it is',
  );
}

/** True when the machine is off. */
export function* machineIsOff(commands: CommandBook, machine: PoweredMachine): Task<boolean> {
  return (yield* whyNotOff(commands, machine)) === undefined;
}

/** Fails with `busy` unless the machine is off. */
export function* refuseUnlessOff(commands: CommandBook, machine: PoweredMachine): Task<void> {
  const why = yield* whyNotOff(commands, machine);
  if (why !== undefined) throw why;
}

/**
 * Stops a machine by its command, where there is one, and waits a little until it has left its disks. Fails
 * with `hypervisor` when it cannot be stopped, with `busy` when it stays.
 */
export function* stopMachine(
  clock: Clock,
  commands: CommandBook,
  machine: PoweredMachine,
): Task<void> {
  const { name, ground } = machine;
  if (!(yield* commands.stop(name, ground))) return;
  const began = clock.now();
  for (;;) {
    const used = ground.disks.find((disk) => machine.clients(disk) > 0);
    if (used === undefined) return;
    if (clock.now() - began > LEAVING_MAX) {
      throw requestFailure(
        "busy",
        `A guest is attached to ${used}, although "${ground.as ?? name}" was told to stop`,
        "Shut the machine down by hand, then ask again",
      );
    }
    yield* clock.sleep(LOOK);
  }
}
