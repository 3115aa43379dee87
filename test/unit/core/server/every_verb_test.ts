/**
 * Every verb in every state that a machine can be brought into, at either side, and twice.
 *
 * What is not legal is refused with its reason and with what to do, and changes nothing; what is legal stands in
 * `LEGAL`, for every verb that does more than tell (M76).
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { SECOND } from "../../../../engine/core/base/units.ts";
import { VERBS } from "../../../../engine/core/server/verbs.ts";
import { LEGAL } from "./legal_verbs.ts";
import { TELLING } from "../../../../engine/sim/scenario/typed_verbs.ts";
import { ask, CALLS, refusedWell } from "./verb_calls.ts";
import { type Side, type Stage, stageIn, type StageName, STAGES } from "./verb_stage.ts";
import { footprint } from "./verb_traces.ts";

const SIDES: readonly Side[] = ["a", "b"];

Deno.test("of every verb that does more than tell it is said where it is legal", () => {
  const said = new Set(Object.keys(LEGAL));
  deepEqual(CALLS.filter((call) => !TELLING.has(call) && !said.has(call)), []);
  deepEqual([...said].filter((call) => !CALLS.includes(call) || TELLING.has(call)), []);
  for (const call of TELLING) ok(call in VERBS, call);
  for (const [call, { a, b }] of Object.entries(LEGAL)) {
    ok(a.length + b.length > 0, `"${call}" is legal somewhere`);
    for (const stages of [a, b]) equal(new Set(stages).size, stages.length, call);
  }
});

for (const state of STAGES) {
  Deno.test(`every verb in state ${state} is done, or refused with a reason and changes nothing`, () => {
    let stage = stageIn(state);
    for (const side of SIDES) {
      for (const call of CALLS) {
        const where = `at ${side} in state ${state}`;
        const before = footprint(stage);
        const outcome = ask(stage, side, call);
        const done = outcome === "done";
        if (!TELLING.has(call)) {
          const expected = LEGAL[call]?.[side].includes(state);
          const why = done ? "" : `: ${outcome.message}`;
          equal(done, expected, `"${call}" ${where} is ${done ? "done" : "refused"}${why}`);
        }
        if (!done) {
          refusedWell(call, where, outcome);
          equal(footprint(stage), before, `"${call}" ${where} changed something`);
        } else if (TELLING.has(call)) {
          equal(footprint(stage), before, `"${call}" ${where} tells, and changes nothing`);
        } else {
          twice(stage, side, call, where);
          stage = stageIn(state);
        }
      }
    }
    console.log(`${state}: ${legalIn(state).join(", ")}`);
  });
}

function legalIn(state: StageName): string[] {
  return SIDES.flatMap((side) =>
    Object.keys(LEGAL).filter((call) => LEGAL[call]?.[side].includes(state))
      .map((call) => `${side} ${call}`)
  );
}

/** What was done is asked for again: done again, or refused like anything else. */
function twice(stage: Stage, side: Side, call: string, where: string): void {
  // What a primary does by itself behind it is not of the verb that is refused.
  stage.world.runFor(20 * SECOND);
  const before = footprint(stage);
  const again = ask(stage, side, call);
  if (again === "done") return;
  refusedWell(call, `again ${where}`, again);
  equal(footprint(stage), before, `"${call}" again ${where} changed something`);
}
