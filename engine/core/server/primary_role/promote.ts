/**
 * How a machine that was failed over to this server becomes this primary's (L6); `role_change.ts` has the order.
 *
 * @module
 */

import { isFailed } from "../../base/failure.ts";
import { PrimaryMachine } from "../../primary/machine.ts";
import type { Task } from "../../runtime/task.ts";
import type { Promotion } from "../role_change.ts";
import type { PrimaryMachines } from "./machines.ts";

/** Writes its record and opens it; it is reserved by the caller. */
export function* promote(machines: PrimaryMachines, promotion: Promotion): Task<void> {
  const { name } = promotion;
  const folder = yield* machines.folder.folder(name, { create: true });
  yield* machines.folder.flush();
  const record = yield* PrimaryMachine.writeRecord(machines.context, folder, promotion);
  try {
    machines.take(yield* PrimaryMachine.open(machines.context, folder, record));
  } catch (error) {
    // It is the primary's all the same, and is tried again.
    if (!isFailed(error) || error.code === "cancelled") throw error;
    machines.leaveUnopened(name, error.failure);
    throw error;
  }
}
