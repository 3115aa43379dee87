/**
 * The cut: one instant on all disks of a machine (C1).
 *
 * Rule: only submitted writes are waited for; nothing passes any gate between the moment when all
 * are closed and drained and the swap of all bitmaps. A gate that is closed too long opens by
 * itself and the cut fails: no disk was swapped. It does not freeze guests; who wants an
 * application-consistent point does so around it.
 *
 * @module
 */

import { isFailed, localFailure } from "../base/failure.ts";
import { GATE_DEADLINE } from "../base/limits.ts";
import { MILLISECOND } from "../base/units.ts";
import type { Clock } from "../ports/clock.ts";
import type { Task } from "../runtime/task.ts";
import { within } from "../runtime/together.ts";
import type { TrackedDisk } from "./tracked_disk.ts";

/** When a cut was, and how long it held writes up. */
export interface Cut {
  /** Microseconds that the gates were closed. */
  readonly closedMicros: number;
  /** The instant, by the clock's `now`. */
  readonly at: number;
}

/** Cuts all disks at one instant: each gets a frozen view. Fails with `gate-timeout`. */
export function* cutDisks(clock: Clock, disks: readonly TrackedDisk[]): Task<Cut> {
  const closed = clock.now();
  for (const disk of disks) disk.gate.close();
  try {
    if (!drained(disks)) yield* drain(clock, disks);
    const at = clock.now();
    if (at - closed > GATE_DEADLINE) throw tooLong();
    for (const disk of disks) disk.swap("frozen");
    return { closedMicros: clock.now() - closed, at };
  } finally {
    for (const disk of disks) disk.gate.open();
  }
}

function drained(disks: readonly TrackedDisk[]): boolean {
  return disks.every((disk) => disk.gate.submitted === 0);
}

function* drain(clock: Clock, disks: readonly TrackedDisk[]): Task<void> {
  try {
    yield* within(clock, GATE_DEADLINE, "Waiting for writes", drainAll(disks));
  } catch (error) {
    throw isFailed(error, "timed-out") ? tooLong() : error;
  }
}

function* drainAll(disks: readonly TrackedDisk[]): Task<void> {
  // A drained gate stays so, being closed.
  for (const disk of disks) yield* disk.gate.whenDrained();
}

function tooLong(): Error {
  return localFailure(
    "gate-timeout",
    `Writes took longer than ${GATE_DEADLINE / MILLISECOND} ms to return: no cut was made`,
    "Nothing: it is tried again; look at the disks if this repeats",
  );
}
