/**
 * Phases of an unplanned failover: its start, a guest that writes on it, cancel and complete.
 *
 * @module
 */

import { MILLISECOND } from "../../../engine/core/base/units.ts";
import type { Guest } from "../../../engine/sim/guests/guest.ts";
import type { Phase, Stage } from "../course.ts";
import { cyclePhase, PROTECTION } from "./protection.ts";

/** Where the guest that was failed over writes last. */
const LAST_SECTOR = 4;

/** The older point is chosen, and a guest starts on it. */
const FAILOVER: Phase = {
  name: "failover",
  open: true,
  run: (life) => {
    life.unsure();
    return {
      begin: () => life.drill.operator.act({ kind: "failover", vm: 0, back: 1 }),
      done: () => life.machine.failover?.guest.attached === true,
    };
  },
};

/** Its guest writes; the last write is not flushed, so that a loss of power may take it. */
const WRITES: Phase = {
  name: "writes",
  open: true,
  run: (life) => {
    const guest = () => life.machine.failover?.guest;
    return {
      begin: () => {
        const running = guest();
        if (running?.attached === true) use(life, running);
      },
      done: () => {
        const last = guest()?.history.requests.at(-1);
        return guest()?.attached === true && last?.sector === LAST_SECTOR &&
          last.acknowledged !== Infinity;
      },
    };
  },
};

/** The guest that was failed over writes, flushes, and writes again without a flush. */
function use(life: Stage, guest: Guest): void {
  const { simulated } = life.drill;
  const write = (disk: number, sector: number, count: number) =>
    guest.act({ kind: "write", vm: 0, disk, sector, count, rough: false });
  write(0, 3, 2);
  write(1, 8, 1);
  guest.act({ kind: "zero", vm: 0, disk: 0, sector: 10, count: 3 });
  simulated.schedule(3 * MILLISECOND, () => {
    for (const disk of [0, 1]) guest.act({ kind: "flush", vm: 0, disk });
  });
  // The last one is flushed by nobody.
  simulated.schedule(6 * MILLISECOND, () => write(0, LAST_SECTOR, 1));
}

const CANCEL: Phase = {
  name: "cancel",
  run: (life) => {
    life.unsure();
    return {
      begin: () => life.drill.operator.act({ kind: "cancel", vm: 0 }),
      done: () => life.machine.failover === undefined,
    };
  },
};

const COMPLETE: Phase = {
  name: "complete",
  run: (life) => {
    life.unsure();
    return {
      begin: () => life.drill.operator.act({ kind: "complete", vm: 0 }),
      done: () => life.machine.failover?.completed === true,
    };
  },
};

/** Failed over, cancelled, and replicated again. */
export const CANCELLED: readonly Phase[] = [
  ...PROTECTION,
  FAILOVER,
  WRITES,
  CANCEL,
  cyclePhase("resume"),
];

/** Failed over for good. */
export const COMPLETED: readonly Phase[] = [...PROTECTION, FAILOVER, WRITES, COMPLETE];
