/**
 * Keeping statistics: a record beside the machine's, written every minute while something is counted, and at the end.
 *
 * The record is replaced whole: a crash leaves the old or the new one. What it loses is what was counted since, a minute
 * at most; nothing else goes by these numbers.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import { MINUTE } from "../base/units.ts";
import type { Folder } from "../ports/folder.ts";
import type { Ports } from "../ports/ports.ts";
import type { Task } from "../runtime/task.ts";
import type { Monitoring } from "./monitoring.ts";
import { loadRecord, saveRecord } from "./record.ts";

/** Its name in the machine's folder. */
export const STATISTICS_RECORD = "statistics.json";
/** Between two saves, µs. */
const SAVE_EVERY = MINUTE;

/** Takes up what was saved, then saves until it is cancelled. */
export function* keepStatistics(ports: Ports, folder: Folder, monitoring: Monitoring): Task<void> {
  try {
    const { kernel } = ports.codec;
    const saved = yield* loadRecord(kernel, folder, STATISTICS_RECORD);
    if (saved !== undefined) monitoring.adopt(saved, ports.clock.wall());
  } catch (error) {
    // Numbers that cannot be read begin anew: nothing depends on them.
    if (!isFailed(error) || error.code === "cancelled") throw error;
  }
  try {
    for (;;) {
      yield* ports.clock.sleep(SAVE_EVERY);
      yield* saveStatistics(ports, folder, monitoring);
    }
  } finally {
    yield* saveStatistics(ports, folder, monitoring);
  }
}

/**
 * Saves what was counted since the last time, if anything; storage that fails is no reason to stop. Throws `cancelled` alone:
 * who was asked to stop amid it is not asked again.
 */
export function* saveStatistics(ports: Ports, folder: Folder, monitoring: Monitoring): Task<void> {
  if (!monitoring.dirty) return;
  try {
    yield* saveRecord(ports.codec.kernel, folder, STATISTICS_RECORD, monitoring.toJson());
  } catch (error) {
    monitoring.notSaved();
    if (!isFailed(error) || error.code === "cancelled") throw error;
  }
}
