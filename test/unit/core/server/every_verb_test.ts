/**
 * Every verb in every state on both sides: done, or refused with a message and with what to do next, and
 * then nothing has changed; asked twice; and cut short by a kill at any point.
 *
 * It takes whatever verbs there are: a new one is tried in all of this without a word here. Those whose
 * legal states stand below are held to them.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { type Failure, isFailed } from "../../../../engine/core/base/failure.ts";
import { SECOND } from "../../../../engine/core/base/units.ts";
import { VERBS } from "../../../../engine/core/server/verbs.ts";
import { argumentsOf, footprint, rest, type Stage, stageIn, STAGES } from "./verb_stage.ts";

const PATIENCE = 600 * SECOND;
/** After how many events of the world a verb is cut short. */
const STEPS = [1, 4, 12, 30, 70];
/** Verbs that only tell. */
const TELLING = new Set([
  "vm list",
  "replication status",
  "replication statistics",
  "points list",
  "points show",
]);

type Side = "a" | "b";

const SUSPENDED = ["Suspended", "Suspended at the replica"];
/** States in which a verb may succeed at the primary's side, at the replica's, by hand. */
const LEGAL: Readonly<Record<string, Readonly<Record<Side, readonly string[]>>>> = {
  "vm remove": {
    a: ["Disabled"],
    b: [
      "Replicating",
      "WaitingForStartResynchronize",
      "Resynchronizing",
      "ResynchronizeSuspended",
      ...SUSPENDED,
    ],
  },
  "replication enable": { a: ["Disabled"], b: [] },
  "replication start": {
    a: [
      "ReadyForInitialReplication",
      "InitialReplicationInProgress",
      "Replicating",
      "WaitingForStartResynchronize",
      "Resynchronizing",
      "FailedOverWaitingCompletion",
      "FailedOver",
      "Error",
      "Suspended at the replica",
    ],
    b: [],
  },
  "replication resync start": {
    // A primary whose replica was failed over knows nothing of that until it is told.
    a: [
      "Replicating",
      "WaitingForStartResynchronize",
      "Resynchronizing",
      "FailedOverWaitingCompletion",
      "Suspended at the replica",
    ],
    b: [],
  },
  "replication resync pause": { a: ["Resynchronizing"], b: [] },
  "replication resync continue": { a: ["ResynchronizeSuspended"], b: [] },
  "replication resync cancel": { a: ["Resynchronizing", "ResynchronizeSuspended"], b: [] },
  "replication pause": {
    a: [
      "Replicating",
      "WaitingForStartResynchronize",
      "FailedOverWaitingCompletion",
      "FailedOver",
      "Error",
      "Suspended at the replica",
    ],
    b: ["Replicating", "Suspended", "Resynchronizing", "ResynchronizeSuspended"],
  },
  "replication resume": {
    a: ["Suspended", "FailedOver", "Error"],
    b: ["Suspended at the replica"],
  },
  "replication cycle": { a: ["Replicating"], b: [] },
  "failover start": {
    a: [],
    b: ["Replicating", "Resynchronizing", "ResynchronizeSuspended", ...SUSPENDED],
  },
  "failover cancel": { a: [], b: ["FailedOverWaitingCompletion"] },
  "failover complete": { a: [], b: ["FailedOverWaitingCompletion"] },
};

/** What became of a verb: done, refused, or not ended. */
function ask({ world, ...sites }: Stage, side: Side, verb: string): "done" | Failure {
  const { host, server } = sites[side];
  ok(server !== undefined);
  const outcome = host.attempt(server.call(verb, argumentsOf(verb)), PATIENCE);
  deepEqual(world.violations, [], `"${verb}" at ${side}`);
  ok(outcome !== undefined, `"${verb}" at ${side} ends`);
  if (outcome.ok) return "done";
  if (!isFailed(outcome.error)) throw outcome.error;
  return outcome.error.failure;
}

function refusedWell(verb: string, where: string, { message, action }: Failure): void {
  ok(message.length > 8, `"${verb}" ${where} says why: ${message}`);
  ok(action.length > 8, `"${verb}" ${where} says what to do: ${message}`);
}

for (const state of STAGES) {
  Deno.test(`every verb in state ${state} is done, or refused with a reason and changes nothing`, () => {
    const legal: string[] = [];
    let stage = stageIn(state, 1);
    for (const side of ["a", "b"] as const) {
      for (const verb of Object.keys(VERBS)) {
        const where = `at ${side} in state ${state}`;
        const before = footprint(stage);
        const outcome = ask(stage, side, verb);
        if (outcome === "done") {
          legal.push(`${side} ${verb}`);
          if (!TELLING.has(verb)) twice(stage, side, verb, where);
          stage = stageIn(state, 1);
          continue;
        }
        refusedWell(verb, where, outcome);
        equal(footprint(stage), before, `"${verb}" ${where} changed something: ${outcome.message}`);
      }
    }
    for (const [verb, sides] of Object.entries(LEGAL)) {
      for (const side of ["a", "b"] as const) {
        const expected = sides[side].includes(state);
        equal(legal.includes(`${side} ${verb}`), expected, `"${verb}" at ${side} in ${state}`);
      }
    }
    console.log(`${state}: ${legal.filter((each) => !TELLING.has(each.slice(2))).join(", ")}`);
  });
}

/** What was done is asked for again: done again, or refused like anything else. */
function twice(stage: Stage, side: Side, verb: string, where: string): void {
  // What a primary does by itself behind it is not of the verb that is refused.
  stage.world.runFor(20 * SECOND);
  const before = footprint(stage);
  const again = ask(stage, side, verb);
  if (again === "done") return;
  refusedWell(verb, `again ${where}`, again);
  equal(footprint(stage), before, `"${verb}" again ${where} changed something`);
}

for (const state of STAGES) {
  Deno.test(`every verb that is legal in state ${state} can be cut short by a kill, and asked again`, () => {
    for (const side of ["a", "b"] as const) {
      for (const verb of Object.keys(VERBS)) {
        if (TELLING.has(verb) || ask(stageIn(state, 1), side, verb) !== "done") continue;
        for (const steps of STEPS) cutShort(state, side, verb, steps);
      }
    }
  });
}

/** The server dies so many events after it was asked, starts again, and is asked again. */
function cutShort(state: string, side: Side, verb: string, steps: number): void {
  const stage = stageIn(state, 1);
  const site = stage[side];
  const { host, server } = site;
  const process = host.process;
  ok(server !== undefined && process !== undefined);
  process.loop.start("verb", server.call(verb, argumentsOf(verb)));
  for (let step = 0; step < steps; step++) stage.world.step();
  host.kill();
  site.start();
  rest(stage);
  const where = `behind a kill ${steps} events into "${verb}" at ${side} in state ${state}`;
  for (const each of [stage.a, stage.b]) {
    const unopened = (each.call("vm list") as { warnings?: string[]; state: string }[])
      .filter((machine) => /cannot be opened|Cannot open/.test(String(machine.warnings)));
    deepEqual(unopened, [], where);
  }
  const again = ask(stage, side, verb);
  if (again !== "done") refusedWell(verb, where, again);
}
