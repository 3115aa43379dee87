/**
 * I23: From the start of a failover on, nothing of the older generation changes the replica.
 *
 * @module
 */

import type { EngineEvent } from "../../core/ports/observer.ts";
import type { HostName } from "../scenario/scenario.ts";
import type { Ground, Invariant } from "./fact.ts";

type StateEvent = Extract<EngineEvent, { readonly kind: "state" }>;

/** I23. */
export const FENCING: Invariant = {
  id: "I23",
  about: "From the start of a failover on, nothing of the older generation changes the replica",
  begin: (ground) => {
    const failedOver = new Set<string>();
    const completed = new Set<string>();
    /** Where each point was cut. */
    const cutters = new Map<string, string>();
    const settle = settler(ground, (vm) => {
      failedOver.delete(vm);
      completed.delete(vm);
    });
    return {
      engine: ({ sighting: { host, event } }) => {
        if (event.kind === "cut") cutters.set(event.point, host);
        if (isCancel(event) && host !== settle(event.machine)) failedOver.delete(event.machine);
        if (event.kind !== "failover" && event.kind !== "staged") return;
        const { machine, point } = event;
        const home = settle(machine);
        if (host === home) {
          const cutter = event.kind === "staged" ? cutters.get(point) ?? host : host;
          if (cutter !== host) {
            ground.violate(
              "I23",
              `${machine}: ${point} of the old primary was staged at the new one`,
            );
          }
          return;
        }
        if (event.kind === "failover") {
          if (event.step === "cancelled") failedOver.delete(machine);
          else failedOver.add(machine);
          if (event.step === "completed") completed.add(machine);
        } else {
          const ours = ground.cutOf(point) !== undefined;
          // The end of a failover is a point that no cut made; every other one is a stranger's.
          if (!ours && failedOver.has(machine) && !completed.has(machine)) return;
          if (ours && !failedOver.has(machine)) return;
          // What a demoted primary alone had is a point there that no cut made (L6).
          if (!ours && ground.roaming(machine)) return;
          if (!ours) return ground.violate("I23", `${machine}: ${point} of a stranger was staged`);
          ground.violate("I23", `${machine}: ${point} of the old primary was staged in a failover`);
        }
      },
      // What was failed over is gone with its failover; an empty replica takes whatever comes.
      destroyed: ({ host }) => {
        if (host !== "b") return;
        failedOver.clear();
        completed.clear();
      },
      removed: ({ vm }) => {
        failedOver.delete(vm);
        completed.delete(vm);
      },
      points: ({ vm, failedOver: now }) => {
        settle(vm);
        // A crash may come between the record of a failover and the word of it.
        if (now) failedOver.add(vm);
        else if (!ground.retired(vm)) failedOver.delete(vm);
      },
    };
  },
};

/** True for the durable end of a cancelled failover; the word of it comes when its overlays are gone. */
function isCancel(event: EngineEvent): event is StateEvent {
  return event.kind === "state" && event.from === "FailedOverWaitingCompletion" &&
    event.to === "Replicating";
}

/** Looks where the primary of a machine is; where it has moved since it was looked at last, its failover is over. */
function settler(ground: Ground, over: (vm: string) => void): (vm: string) => HostName {
  const moves = new Map<string, number>();
  return (vm) => {
    const moved = ground.moves(vm);
    if ((moves.get(vm) ?? 0) !== moved) over(vm);
    moves.set(vm, moved);
    return ground.home(vm);
  };
}
