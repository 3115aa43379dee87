/**
 * A first copy, and a comparison of whole disks, in passes (C5): over the live disks while the guest writes, until
 * little is left, and then over a cut.
 *
 * Each pass takes the blocks that are marked; what the guest writes meanwhile is marked again and belongs to the next
 * one. It does not know where the blocks go.
 *
 * @module
 */

import { isFailed } from "../base/failure.ts";
import { MiB } from "../base/units.ts";
import type { Task } from "../runtime/task.ts";
import { type Cut, makeCut, needsCut, reportGivenUp } from "./cutting.ts";
import type { Replication } from "./replication.ts";

/** What is left for the final cut is at most this, or passes have stopped to shrink. */
const FINAL_PASS_BYTES = 16 * MiB;
/** Passes over the live disk, at most. */
const PASSES_MAX = 8;

/**
 * Runs passes over the live disks until little is left for a cut; `pass` moves what is marked, and returns false when
 * it was told to stop. False then.
 */
export function* livePasses({ machine }: Replication, pass: () => Task<boolean>): Task<boolean> {
  let before = Infinity;
  for (let number = 0; number < PASSES_MAX; number++) {
    let pending = 0;
    for (const disk of machine.tracked) {
      disk.swap("live");
      pending += disk.view?.remainingBytes ?? 0;
    }
    if (number > 0 && (pending <= FINAL_PASS_BYTES || pending >= before)) return true;
    before = pending;
    if (!(yield* pass())) return false;
  }
  return true;
}

/**
 * The last, small pass is a cut, which `send` moves; when its view is given up, another one is made behind `givenUp`.
 * Returns the cut that was moved.
 */
export function* finalPass(
  work: Replication,
  send: (cut: Cut) => Task<void>,
  givenUp: () => Task<void>,
): Task<Cut> {
  for (;;) {
    const cut = yield* makeCut(work);
    try {
      yield* send(cut);
      if (!needsCut(work)) return cut;
    } catch (error) {
      if (!isFailed(error, "view-given-up")) throw error;
    }
    reportGivenUp(work);
    yield* givenUp();
  }
}
