/**
 * Properties over random worlds and schedules: every invariant holds, whatever is left out; a run is a
 * function of its scenario (I50), and watching changes nothing (I51).
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { runScenario, runSeed } from "../../engine/sim/scenario/run.ts";
import { generate } from "../../engine/sim/scenario/generate.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { type Choice, choices, scenarioOf } from "./arbitrary_world.ts";

/** Worlds that must be run, also where the time is up before all of them were. */
const RUNS_MIN = 20;
const SEED = Number(Deno.env.get("WARMSITE_SEED") ?? 20_260_101);

Deno.test("every invariant holds in random worlds with events left out at random", () => {
  const kernel = loadKernel();
  let runs = 0;
  const property = fc.property(choices, (choice) => {
    runs++;
    const { violation } = runScenario(scenarioOf(choice), kernel);
    if (violation === undefined) return;
    assert.fail(
      `${violation.id}: ${violation.message.split("\n")[0]}\nReplay: ${replayLine(choice)}`,
    );
  });
  fc.assert(property, { seed: SEED, numRuns: 60, interruptAfterTimeLimit: 60_000 });
  assert.ok(runs >= RUNS_MIN, `only ${runs} worlds in the time there was`);
});

Deno.test("the world that WARMSITE_CHOICE names, as a failure prints it, holds every invariant", () => {
  const text = Deno.env.get("WARMSITE_CHOICE") ?? "100000001:01";
  const { violation } = runScenario(scenarioOf(parsed(text)), loadKernel());
  assert.equal(violation, undefined, `${violation?.id}: ${violation?.message}`);
});

Deno.test("the line that replays a counterexample names its seed and what was left out", () => {
  const choice: Choice = { seed: 123_456_789, without: [true, false, false, true] };
  const line = replayLine(choice);
  const [, text] =
    /^WARMSITE_CHOICE=(\S+) deno test -A test\/properties\/worlds_test\.ts/.exec(line) ??
      [];
  assert.deepEqual(parsed(text ?? ""), choice);
  assert.deepEqual(scenarioOf(parsed(text ?? "")), scenarioOf(choice));
});

/** How the world of a choice is run again: the seed, and one digit for each place of the mask. */
function replayLine({ seed, without }: Choice): string {
  const mask = without.map((out) => out ? "1" : "0").join("");
  return `WARMSITE_CHOICE=${seed}:${mask} deno test -A test/properties/worlds_test.ts --filter CHOICE`;
}

function parsed(text: string): Choice {
  const [, seed, mask] = /^(\d+):([01]+)$/.exec(text) ?? [];
  assert.ok(seed !== undefined && mask !== undefined, `WARMSITE_CHOICE is SEED:MASK, not ${text}`);
  return { seed: Number(seed), without: [...mask].map((digit) => digit === "1") };
}

Deno.test("two runs of a seed are one, event for event (I50)", () => {
  const kernel = loadKernel();
  for (let seed = 1; seed <= 12; seed++) {
    const first = runSeed(seed, kernel);
    const second = runSeed(seed, kernel);
    assert.equal(second.hash, first.hash, `seed ${seed}`);
    assert.equal(second.events, first.events, `seed ${seed}`);
  }
});

Deno.test("keeping the trace and leaving out the judges change nothing (I51)", () => {
  const kernel = loadKernel();
  for (let seed = 1; seed <= 8; seed++) {
    const { hash } = runSeed(seed, kernel);
    assert.equal(runSeed(seed, kernel, { keepTrace: true }).hash, hash, `seed ${seed}`);
    assert.equal(runSeed(seed, kernel, { invariants: [] }).hash, hash, `seed ${seed}`);
  }
});

Deno.test("a scenario is plain JSON, and its JSON runs the same", () => {
  const kernel = loadKernel();
  for (let seed = 1; seed <= 4; seed++) {
    const scenario = generate(seed);
    const copy = JSON.parse(JSON.stringify(scenario)) as typeof scenario;
    assert.deepEqual(copy, scenario);
    assert.equal(runScenario(copy, kernel).hash, runSeed(seed, kernel).hash, `seed ${seed}`);
  }
});
