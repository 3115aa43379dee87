/**
 * What an administrator may ask of a resynchronization: start, pause, continue, cancel.
 *
 * Rule: what is asked is durable before the state that follows from it (`resync_record.ts`); what the state does not
 * allow is refused and changes nothing.
 *
 * @module
 */

import { requestFailure } from "../base/failure.ts";
import type { ResyncPlan } from "../relationship/resync_policy.ts";
import { nextState, type StateEvent } from "../relationship/state.ts";
import type { Task } from "../runtime/task.ts";
import type { PrimaryMachine } from "./machine.ts";

/** What is asked. */
export type ResyncWish =
  /** `at`: when, wall time in µs since 1970; now when left out. */
  | { readonly kind: "start"; readonly at?: number | undefined }
  | { readonly kind: "pause" | "continue" | "cancel" };

/** Does it, durably; the replicator follows the state. */
export function* applyWish(machine: PrimaryMachine, wish: ResyncWish): Task<void> {
  if (wish.kind === "start") return yield* start(machine, wish.at);
  const event: StateEvent = `${wish.kind}-resynchronization`;
  nextState(machine.state, event, machine.name);
  yield* machine.resync.change(AFTER[wish.kind]);
  yield* machine.enter(event);
}

/** What is recorded before the state changes. */
const AFTER: Readonly<Record<"pause" | "continue" | "cancel", Partial<ResyncPlan>>> = {
  pause: { hold: "paused" },
  continue: { hold: "none", asked: true, at: undefined },
  cancel: { hold: "cancelled", asked: false, at: undefined },
};

function* start(machine: PrimaryMachine, at: number | undefined): Task<void> {
  const { name, resync, state } = machine;
  nextState(state, "start-resynchronization", name);
  const waits = state === "WaitingForStartResynchronize";
  if (at !== undefined) {
    if (waits) return yield* resync.change({ at, hold: "none", asked: false });
    throw requestFailure(
      "wrong-state",
      `No resynchronization of "${name}" waits for its start: it is in state ${state}`,
      "Only one that is due can be put off",
    );
  }
  // One that nobody needs but who asked for it knows nothing of the disks.
  const wanted = state === "Replicating"
    ? { due: "The administrator asked for it", fresh: true }
    : {};
  yield* resync.change({ ...wanted, hold: "none", asked: true, at: undefined });
  // One that is due begins with a handshake, which says whether there is anything to compare with.
  if (!waits) yield* machine.enter("start-resynchronization");
}
