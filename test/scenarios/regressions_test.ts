/**
 * Every stored regression is replayed: the sound engine passes it, and the planted bug that it is kept for breaks the same
 * invariant in it again.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import {
  parseRegression,
  type Regression,
  regressionName,
  regressionText,
} from "../../engine/sim/scenario/regression.ts";
import { runScenario } from "../../engine/sim/scenario/run.ts";
import type { Scenario } from "../../engine/sim/scenario/scenario.ts";
import type { RunResult } from "../../engine/sim/scenario/run.ts";
import type { Kernel } from "../../engine/core/ports/codec.ts";
import { makeCopy } from "../../tools/prove/plants.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { PLANTS } from "../planted/table.ts";

const FOLDER = new URL("../../scenarios/regressions/", import.meta.url);
const COPIES = new URL("../../.cache/regressions/", import.meta.url);
/** Worlds in which a planted bug may show itself: where a few bytes more or less travel, the moment that mattered moves. */
const WORLDS = 24;

const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json")).sort();
const kept = new Map<string, Regression>();
for (const name of files) {
  kept.set(name, parseRegression(readFileSync(new URL(name, FOLDER), "utf8")));
}

/** The same scenario in other worlds: what chance decides in a run is drawn anew. */
function worlds(scenario: Scenario): Scenario[] {
  return Array.from(
    { length: WORLDS },
    (_, index) => ({ ...scenario, seed: scenario.seed + index }),
  );
}

Deno.test("regressions are canonical, named for what they hold, and enough", () => {
  for (const [name, regression] of kept) {
    assert.equal(regressionName(regression), name);
    assert.match(regression.wrong, /^[A-Z].*\.$/, `${name} says in a sentence what was wrong`);
  }
  const planted = new Set([...kept.values()].map((regression) => regression.planted));
  planted.delete(null);
  assert.ok(planted.size >= 8, `${planted.size} planted bugs have a regression`);
});

Deno.test("a file that is not a regression as it was written is an error", () => {
  const [first] = kept.values();
  assert.ok(first !== undefined);
  const text = regressionText(first);
  assert.deepEqual(parseRegression(text), first);
  assert.throws(() => parseRegression(text.replace('"formatVersion":1', '"formatVersion":2')), /2/);
  assert.throws(() => parseRegression(` ${text}`), /not what was written/);
  assert.throws(() => parseRegression("{}"), /format null/);
});

for (const [name, { scenario }] of kept) {
  Deno.test(`the engine passes ${name}`, () => {
    const kernel = loadKernel();
    for (const world of worlds(scenario).slice(0, 4)) {
      const { violation } = runScenario(world, kernel);
      assert.equal(violation, undefined, JSON.stringify(violation));
    }
  });
}

/** What a copy of the engine offers. */
interface Copy {
  runScenario(scenario: Scenario, kernel: Kernel): RunResult;
}

for (const plant of PLANTS) {
  const mine = [...kept].filter(([, { planted }]) => planted === plant.id);
  if (mine.length === 0) continue;
  Deno.test(`the planted bug "${plant.id}" breaks its regressions again`, async () => {
    const root = makeCopy(plant, COPIES);
    const copy = await import(new URL("engine/sim/scenario/run.ts", root).href) as Copy;
    const kernel = loadKernel();
    for (const [name, { invariant, scenario }] of mine) {
      const broken = worlds(scenario).some((world) => {
        const { violation } = copy.runScenario(world, kernel);
        return violation !== undefined && plant.invariants.includes(violation.id);
      });
      assert.ok(broken, `${name} breaks ${invariant} no more: it proves nothing any longer`);
    }
    rmSync(root, { recursive: true, force: true });
  });
}
