/**
 * Where a machine runs, as its replica says: asked by a primary that starts, before it serves (L6).
 *
 * A failover that was started over there while this server was down means that its guest runs there: two
 * guests on two histories is what nobody wants. Who does not answer in time leaves it to the policy that the
 * administrator chose for the machine.
 *
 * @module
 */

import { type Failure, isFailed } from "../base/failure.ts";
import { SECOND } from "../base/units.ts";
import type { Clock } from "../ports/clock.ts";
import type { Task } from "../runtime/task.ts";
import { within } from "../runtime/together.ts";

/** How long a starting primary waits for its replica's word, µs. */
export const ASK_PEER_MAX = 10 * SECOND;
/** Between two attempts to reach it, µs. */
const AGAIN = 1 * SECOND;

/** What the replica says, or that it says nothing. */
export type Standing =
  | { readonly kind: "here" }
  | { readonly kind: "there"; readonly failure: Failure }
  | { readonly kind: "unknown" };

/** What a replica refuses with that has the machine run over there, or says that it did. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  "wrong-state",
  "older-generation",
  "split-brain",
]);

/** The replicator as far as this file needs it. */
export interface Asking {
  /** Connects to the replica's server; fails when it cannot be reached. */
  connect(): Task<void>;
  /** Opens the machine there; returns why that was refused, or nothing. */
  greet(): Task<Failure | undefined>;
}

/** Asks until there is an answer, for \`ASK_PEER_MAX\` at most. */
export function* askStanding(clock: Clock, asking: Asking): Task<Standing> {
  const deadline = clock.now() + ASK_PEER_MAX;
  for (;;) {
    const left = deadline - clock.now();
    if (left <= 0) return { kind: "unknown" };
    try {
      const refused = yield* within(clock, left, "Asking the replica", answer(asking));
      if (refused === undefined) return { kind: "here" };
      if (ELSEWHERE.has(refused.code)) return { kind: "there", failure: refused };
      return { kind: "unknown" };
    } catch (error) {
      if (!isFailed(error) || error.code === "cancelled") throw error;
      // A server that answers, and has no such machine.
      if (error.failure.side === "peer" && error.code === "no-such-machine") {
        return { kind: "here" };
      }
      // A server that answers, and refuses: its own primary may be the machine's by now.
      if (error.failure.side === "peer" && ELSEWHERE.has(error.code)) {
        return { kind: "there", failure: error.failure };
      }
      yield* clock.sleep(Math.max(1, Math.min(AGAIN, deadline - clock.now())));
    }
  }
}

function* answer(asking: Asking): Task<Failure | undefined> {
  yield* asking.connect();
  return yield* asking.greet();
}
