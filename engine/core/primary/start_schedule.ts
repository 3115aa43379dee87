/**
 * A start that was put off to a time: the task that waits for it.
 *
 * The time is one of the wall clock, which may jump, so the wall is looked at again every few seconds; nothing
 * but the beginning depends on it (I26). The time is durable with the machine's record: after a restart it
 * is waited for again, or has come meanwhile.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import { SECOND } from "../base/units.ts";
import type { Ports } from "../ports/ports.ts";
import type { Signal } from "../runtime/signal.ts";
import type { Task } from "../runtime/task.ts";
import type { PrimaryMachine } from "./machine.ts";

/** How long the wall clock is believed, µs: a scheduled start is at most this late when it was set forward. */
const LOOK_AGAIN = 2 * SECOND;

/** What the task works with. */
export interface StartSchedule {
  readonly ports: Ports;
  readonly machine: PrimaryMachine;
  /** Notified when another time was chosen. */
  readonly chosen: Signal;
  /** Starts; called once the time has come, and again when it failed. */
  begin(): Task<void>;
}

/** Starts the machine's initial replication whenever a time that was chosen for it comes. */
export function* startWhenDue({ ports, machine, chosen, begin }: StartSchedule): Task<void> {
  const { clock, observer } = ports;
  for (;;) {
    const at = machine.plan?.at;
    if (at === undefined) {
      yield* chosen.until(() => machine.plan?.at !== undefined);
      continue;
    }
    const left = at - clock.wall();
    if (left > 0) {
      yield* clock.sleep(Math.min(left, LOOK_AGAIN));
      continue;
    }
    try {
      yield* begin();
    } catch (error) {
      // The record could not be written: the start is still due.
      if (!isFailed(error) || error.code === "cancelled") throw error;
      observer.emit({ kind: "failure", machine: machine.name, failure: error.failure });
      yield* clock.sleep(LOOK_AGAIN);
    }
  }
}
