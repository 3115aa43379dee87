/**
 * Replication logs that a machine left beside disks that it does not have any more.
 *
 * Rule: what is somebody else's, or in use, is never removed (T9). The disks themselves are not looked at.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import type { MachineId } from "../base/units.ts";
import type { LogPlace, Ports } from "../ports/ports.ts";
import type { Task } from "../runtime/task.ts";
import { logExists, logName, newestHeader, removeLog } from "./hrl_open.ts";

/**
 * Removes, durably, the log that `machine` left of its disk `disk`, whoever has the disk now. One of another machine,
 * or that somebody has open, is left. A crash before the folder is flushed leaves the log, or none.
 */
export function* removeLeft(
  ports: Ports,
  guest: LogPlace,
  machine: MachineId,
  disk: number,
): Task<void> {
  if (!(yield* logExists(guest))) return;
  const handle = yield* guest.logs.open(logName(guest));
  try {
    yield* handle.lock();
    const found = yield* newestHeader(ports, guest, handle);
    if (found?.header.machine !== machine || found.header.disk !== disk) return;
    yield* removeLog(guest);
  } catch (error) {
    if (!isFailed(error, "locked")) throw error;
  } finally {
    yield* handle.close();
  }
}
