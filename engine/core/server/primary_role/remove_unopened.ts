/**
 * How a machine goes from its primary while it cannot be opened, for a disk of its is not there.
 *
 * Rule: what is refused of an open one is refused of it as well, as long as its record can say so: a file system that
 * is mounted late would come back as a stranger to its replica.
 *
 * @module
 */

import { isFailed, localFailure, requestFailure } from "../../base/failure.ts";
import { MACHINE_RECORD } from "../../primary/machine_record.ts";
import { loadRecord } from "../../relationship/record.ts";
import type { Task } from "../../runtime/task.ts";
import type { PrimaryMachines } from "./machines.ts";

/**
 * Removes the record of a machine that is not open. Refused unless `force` while it is replicated, or while nobody can
 * read whether it is.
 */
export function* removeUnopened(
  machines: PrimaryMachines,
  name: string,
  force: boolean,
): Task<void> {
  if (machines.reserved(name)) {
    throw localFailure("busy", `"${name}" is just being opened, or removed`, "Ask again");
  }
  yield* machines.reserve(name, forget(machines, name, force));
}

function* forget(machines: PrimaryMachines, name: string, force: boolean): Task<void> {
  if (!force) yield* refuseReplicated(machines, name);
  machines.unopened.delete(name);
  yield* machines.forget(name);
}

function* refuseReplicated(machines: PrimaryMachines, name: string): Task<void> {
  const state = yield* recordedState(machines, name);
  if (state === "Disabled" || state === undefined) return;
  const because = machines.unopened.get(name);
  const unreadable = state === null;
  throw requestFailure(
    "wrong-state",
    (unreadable
      ? `Cannot remove "${name}": nobody can read whether it is replicated`
      : `Cannot remove "${name}": it is replicated, and cannot be opened now`) +
      (because === undefined ? "" : `: ${because.message}`),
    `Bring back what is missing, and it is opened by itself. If that is gone for good: "warmsite vm remove ${name} ` +
      '--force"; its replica keeps its points, and would take nothing from a machine that is added anew',
  );
}

/** What its record says: a state; `undefined` where there is none, for it was never added whole; `null`: unreadable. */
function* recordedState(
  { context, folder }: PrimaryMachines,
  name: string,
): Task<string | null | undefined> {
  try {
    const own = yield* folder.folder(name);
    const record = yield* loadRecord(context.ports.codec.kernel, own, MACHINE_RECORD);
    if (record === undefined) return undefined;
    const { state } = record;
    return typeof state === "string" ? state : null;
  } catch (error) {
    if (isFailed(error, "cancelled") || !isFailed(error)) throw error;
    return null;
  }
}
