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
import { choices, scenarioOf } from "./arbitrary_world.ts";

const SEED = Number(Deno.env.get("WARMSITE_SEED") ?? 20_260_101);

Deno.test("every invariant holds in random worlds with events left out at random", () => {
  const kernel = loadKernel();
  const property = fc.property(choices, (choice) => {
    const { violation } = runScenario(scenarioOf(choice), kernel);
    if (violation === undefined) return;
    assert.fail(
      `${violation.id}: ${violation.message.split("\n")[0]}\n` +
        `Replay all of it: deno task prove --seed ${choice.seed} --runs 1`,
    );
  });
  fc.assert(property, { seed: SEED, numRuns: 60, interruptAfterTimeLimit: 60_000 });
});

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
