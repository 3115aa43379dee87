/**
 * A planned failover at the machine's primary: it is locked, given away, or taken back (L4).
 *
 * @module
 */

import { type Failed, isFailed, localFailure, requestFailure } from "../../base/failure.ts";
import type { GenerationId, Token } from "../../base/units.ts";
import type { PrimaryMachine } from "../../primary/machine.ts";
import { askToken, isHandedOver } from "../../primary/planned.ts";
import { waysOutNow } from "../../relationship/prepared.ts";
import { newIdentity } from "../../relationship/identity.ts";
import type { Task } from "../../runtime/task.ts";
import type { Entry, PrimaryMachines } from "./machines.ts";
import { branchPoint } from "./split_brain.ts";

/**
 * Locks a machine for a planned failover and sends what is left; returns when the replica has it. What
 * fails on the way leaves it locked: asked for again it goes on, and `cancelPrepared` takes it back.
 */
export function* prepare(machines: PrimaryMachines, name: string): Task<void> {
  yield* machines.alone(name, (entry) => lock(machines, entry));
  const { machine, replicator } = machines.replicated(name);
  if (isHandedOver(machine)) return;
  const token = machine.planned?.token;
  // The replicator does it by itself, and again after whatever goes wrong; this waits, and is told.
  yield* replicator.errand((peer) => replicator.handOver(peer));
  // Who cancelled meanwhile has its guest run here again: nobody may start it there for our word.
  if (token === undefined || machine.planned?.token !== token) throw takenBack(name);
}

function* lock(machines: PrimaryMachines, { machine }: Entry): Task<void> {
  if (machine.state === "PreparedForFailover") return;
  machine.check("prepare-failover");
  yield* machines.withdraw(machine);
  try {
    yield* machine.prepare(newIdentity<Token>(machines.context.ports.entropy));
  } catch (error) {
    // Whether the record is durable nobody knows; if it is, the machine is locked from the next start on.
    machines.offer(machine);
    throw error;
  }
}

/**
 * Asks the replica to bring a prepared machine up, and to become its primary. The right to start it is offered once more: the
 * replica may have given it back for a cancel that was cut short here.
 */
export function* giveAway(machines: PrimaryMachines, name: string): Task<void> {
  const { machine, replicator } = machines.replicated(name);
  const token = machine.planned?.token;
  if (token === undefined) throw takenBack(name);
  yield* replicator.errand(function* (peer) {
    // Taken back meanwhile: nobody may start it there for our word.
    if (machine.planned?.token !== token) throw takenBack(name);
    yield* askToken(peer, "planned-offer", token);
    yield* askToken(peer, "planned-take", token);
  });
}

/** Takes a prepared machine back; `force`: without the word of its replica. */
export function* cancelPrepared(
  machines: PrimaryMachines,
  { machine }: Entry,
  force: boolean,
): Task<void> {
  const { name, planned } = machine;
  machine.check("cancel-failover");
  const { replicator } = machines.replicated(name);
  const token = planned?.token as Token;
  if (force) yield* takeBackByForce(machines, machine);
  else {
    let returned = false;
    try {
      // Both in one errand: an attempt in between would offer the token again, and leave it there.
      yield* replicator.errand(function* (peer) {
        yield* askToken(peer, "planned-return", token);
        returned = true;
        yield* machine.takeBack();
      });
    } catch (error) {
      const refused = isFailed(error) && error.code !== "cancelled" && !returned;
      throw refused ? notReturned(name, error) : error;
    }
  }
  machines.offer(machine);
  replicator.ask();
}

function* takeBackByForce(machines: PrimaryMachines, machine: PrimaryMachine): Task<void> {
  const { entropy } = machines.context.ports;
  const branch = branchPoint(machines, machine);
  yield* machine.takeBackByForce(newIdentity<GenerationId>(entropy), branch);
}

/** Said to who waited for a machine that somebody else took back meanwhile. */
function takenBack(name: string): Failed {
  return requestFailure(
    "wrong-state",
    `The planned failover of "${name}" was cancelled meanwhile: the machine runs here, and its replica may not be started`,
    `Ask whoever cancelled it; then prepare it again: "warmsite failover prepare ${name}"`,
  );
}

function notReturned(name: string, { failure }: Failed): Failed {
  return localFailure(
    failure.code,
    `The replica has not given the right to start "${name}" back: ${failure.message}`,
    failure.code === "paused" ? failure.action : waysOutNow(name, failure.code),
  );
}
