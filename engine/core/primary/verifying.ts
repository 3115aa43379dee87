/**
 * How a verification goes on between the cycles of a replicator (M46): in rounds, each a number of steps that are
 * taken in place of cycles, while those that are due come in between.
 *
 * It does not know what is compared (`verification.ts`), nor how a cycle is run.
 *
 * @module
 */

import { type Failed, isFailed, requestFailure } from "../base/failure.ts";
import { SECOND } from "../base/units.ts";
import type { Task } from "../runtime/task.ts";
import type { PrimaryMachine } from "./machine.ts";
import type { ReplicaPeer } from "./replica_peer.ts";
import type { Replication } from "./replication.ts";
import type { Verification } from "./verification.ts";

/** How often blocks that were changing are looked at again. */
const VERIFY_ROUNDS = 3;
/** Steps that may fail in a row because of link or replica, and the pause between them, µs. */
const VERIFY_TRIES = 5;
const VERIFY_PAUSE = 2 * SECOND;

/** The replicator as a verification needs it. */
interface Turns {
  /** Runs a cycle. */
  cycle(): Task<unknown>;
  /** Says something to the replica in place of a cycle. */
  errand(run: (peer: ReplicaPeer) => Task<void>): Task<void>;
}

/** Runs a verification to its end; throws what the last of several attempts in a row failed with. */
export function* verifyInTurns(
  work: Replication,
  verification: Verification,
  turns: Turns,
): Task<void> {
  for (let round = 0; round < VERIFY_ROUNDS; round++) {
    yield* turns.cycle();
    yield* verifyRound(work, verification, turns);
    if (round + 1 < VERIFY_ROUNDS && !verification.again()) break;
  }
}

function* verifyRound(work: Replication, verification: Verification, turns: Turns): Task<void> {
  const { machine, ports: { clock } } = work;
  let cycled = clock.now();
  for (let failed = 0; !verification.roundOver;) {
    try {
      // Steps are taken in place of cycles: those that are due come in between.
      if (clock.now() - cycled >= work.settings.frequency) {
        yield* turns.cycle();
        cycled = clock.now();
      }
      yield* turns.errand((peer) => {
        if (machine.state !== "Replicating") throw notReplicating(machine);
        return verification.step(peer);
      });
      failed = 0;
    } catch (error) {
      const heals = isFailed(error) && error.failure.side === "peer";
      if (!heals || ++failed === VERIFY_TRIES) throw error;
      yield* clock.sleep(VERIFY_PAUSE);
    }
  }
}

function notReplicating({ name, state }: PrimaryMachine): Failed {
  return requestFailure(
    "wrong-state",
    `Cannot verify "${name}" in state ${state}`,
    "Wait until it is replicating again, and verify then",
  );
}
