/**
 * Phases of protecting a machine: enabling, initial replication, cycles, and applying with retention.
 *
 * @module
 */

import { LIFE_KEEP, type Phase, type Stage } from "../course.ts";

/** The server is told of the machine and its replica. */
const ENABLING: Phase = {
  name: "enabling",
  run: (life) => ({
    begin: () => {},
    done: () => {
      const primary = life.here?.primary;
      // A machine that is being added has a name, and nothing else.
      if (primary === undefined || !primary.names().includes("vm")) return false;
      return primary.entry("vm").machine.state !== "Disabled";
    },
  }),
};

/** The first point. */
const INITIAL: Phase = {
  name: "initial",
  run: (life) => ({
    begin: () => life.write(),
    done: () => life.machine.told.length > 0 && life.machine.guest.attached,
  }),
};

/** Asks for a cycle while the guest writes. */
export function askForCycle(life: Stage): void {
  life.write();
  life.drill.operator.act({ kind: "cycle", vm: 0 });
}

/** A phase of one cycle. */
export function cyclePhase(name: string): Phase {
  return {
    name,
    run: (life) => {
      const began = life.drill.now;
      return { begin: () => askForCycle(life), done: () => life.staged(began, 1) };
    },
  };
}

/** Several cycles, so that points are applied and the oldest are dropped. */
const APPLY: Phase = {
  name: "apply",
  run: (life) => {
    const began = life.drill.now;
    return {
      begin: () => askForCycle(life),
      done: () => {
        const points = life.there?.store.points;
        return life.staged(began, 2) && points !== undefined && points.length <= LIFE_KEEP &&
          points.every(({ applied }) => applied);
      },
    };
  },
};

/** From nothing to a machine with points of which some were dropped: what most courses begin with. */
export const PROTECTION: readonly Phase[] = [ENABLING, INITIAL, cyclePhase("cycle"), APPLY];
