/**
 * Phases of a resynchronization over a slow link, while the guest writes: in one go; paused, continued, cancelled
 * and begun again. And of a verification.
 *
 * @module
 */

import { SECOND } from "../../../engine/core/base/units.ts";
import type { JsonObject } from "../../../engine/core/base/json.ts";
import type { ReplicationState } from "../../../engine/core/relationship/state.ts";
import type { Phase, Stage } from "../course.ts";
import { PROTECTION } from "./protection.ts";

/** At which one of these tiny disks takes a second or two. */
const SLOW = 3_000;

function stateOf({ here }: Stage): ReplicationState | undefined {
  const names = here?.primary.names() ?? [];
  return names.includes("vm") ? here?.primary.entry("vm").machine.state : undefined;
}

/** Bytes that the one under way has sent; 0 where none is. */
function sentOf({ here }: Stage): number {
  const { resynchronization } = here?.primary.status("vm") ?? {};
  return Number((resynchronization as JsonObject | null | undefined)?.["sentBytes"] ?? 0);
}

function ask(life: Stage, verb: string): void {
  life.drill.operator.act({ kind: "verb", host: "a", vm: 0, verb });
}

/** It is over: perhaps before the word of a phase reached it. */
function isOver(life: Stage): boolean {
  return stateOf(life) === "Replicating";
}

/** The link becomes slow, until the end of the life heals it. */
const SLOWED: Phase = {
  name: "slow",
  open: true,
  run: (life) => ({
    begin: () => life.drill.faults.act({ kind: "link-slow", bandwidth: SLOW, lasts: 300 * SECOND }),
    done: () => true,
  }),
};

/** Asked for while the guest writes, to its end. */
const WHOLE: Phase = {
  name: "resync",
  run: (life) => {
    const began = life.drill.now;
    return {
      begin: () => {
        if (isOver(life) && life.answered("replication resync start") < began) {
          life.write();
          ask(life, "replication resync start");
        }
      },
      done: () =>
        isOver(life) && life.answered("replication resync start") >= began &&
        life.staged(began, 1),
    };
  },
};

/** Begun, and some of it is sent. */
const BEGUN: Phase = {
  name: "resync-start",
  open: true,
  run: (life) => {
    const began = life.drill.now;
    return {
      begin: () => {
        if (!isOver(life)) return;
        life.write();
        ask(life, "replication resync start");
      },
      done: () =>
        stateOf(life) === "Resynchronizing"
          ? sentOf(life) > 0
          : isOver(life) && life.answered("replication resync start") >= began &&
            life.staged(began, 1),
    };
  },
};

/** A phase of one word, after which the machine rests in `state`, unless the resynchronization was over before. */
function wordPhase(word: string, from: ReplicationState, state: ReplicationState): Phase {
  return {
    name: `resync-${word}`,
    open: true,
    run: (life) => ({
      begin: () => {
        if (stateOf(life) !== from) return;
        life.write();
        ask(life, `replication resync ${word}`);
      },
      done: () => stateOf(life) === state || isOver(life),
    }),
  };
}

const PAUSED = wordPhase("pause", "Resynchronizing", "ResynchronizeSuspended");
const CONTINUED = wordPhase("continue", "ResynchronizeSuspended", "Resynchronizing");

/** Cancelled: what was sent is dropped, at the replica too, and every older point is what it was (M42). */
const CANCELLED: Phase = {
  ...wordPhase("cancel", "Resynchronizing", "WaitingForStartResynchronize"),
  run: (life) => {
    const { begin, done } = wordPhase("cancel", "Resynchronizing", "WaitingForStartResynchronize")
      .run(life);
    const dropped = () => life.there !== undefined && life.there.store.openDelta === undefined;
    return { begin, done: () => done() && (isOver(life) || dropped()) };
  },
};

/** Begun again, to its end. */
const AGAIN: Phase = {
  name: "resync-again",
  run: (life) => ({
    begin: () => {
      if (stateOf(life) === "WaitingForStartResynchronize") ask(life, "replication resync start");
    },
    done: () => isOver(life),
  }),
};

/** Verified while the guest writes (M46); that it is found equal the invariants ask (I56). */
const VERIFIED: Phase = {
  name: "verify",
  run: (life) => {
    const began = life.drill.now;
    return {
      begin: () => {
        life.write();
        ask(life, "replication verify");
      },
      done: () => life.answered("replication verify") >= began,
    };
  },
};

/** From nothing to a machine with two points: applying is swept elsewhere. */
const POINTS = PROTECTION.slice(0, 3);

/** Resynchronized in one go. */
export const RESYNCHRONIZED: readonly Phase[] = [...POINTS, SLOWED, WHOLE];

/** Paused, continued, cancelled, and begun again. */
export const HELD: readonly Phase[] = [
  ...POINTS,
  SLOWED,
  BEGUN,
  PAUSED,
  CONTINUED,
  CANCELLED,
  AGAIN,
];

/** Verified. */
export const PROVED: readonly Phase[] = [...POINTS, VERIFIED];
