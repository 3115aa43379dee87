/**
 * Every stored regression is replayed: the sound engine passes it, and the planted bug that it is kept for breaks the same
 * invariant in it again.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import type { Kernel } from "../../engine/core/ports/codec.ts";
import { type RunResult, runScenario } from "../../engine/sim/scenario/run.ts";
import type { Scenario } from "../../engine/sim/scenario/scenario.ts";
import { readRegression } from "../../lab/regression/regression.ts";
import { attendedRun } from "../../lab/run/attended_run.ts";
import { runDrill } from "../../lab/run/session.ts";
import { makeCopy } from "../../tools/prove/plants.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { PLANTED_REGRESSIONS } from "../planted/regressions.ts";
import { PLANTS } from "../planted/table.ts";

const FOLDER = new URL("../../scenarios/regressions/", import.meta.url);
const COPIES = new URL("../../.cache/regressions/", import.meta.url);
/** Worlds in which a planted bug may show itself: where a few bytes more or less travel, the moment that mattered moves. */
const WORLDS = 24;

const textOf = (name: string) => readFileSync(new URL(name, FOLDER), "utf8");
const files = readdirSync(FOLDER).sort();
const kept = new Map(files.map((name) => [name, readRegression({ name, text: textOf(name) })]));

/** The same scenario in other worlds: what chance decides in a run is drawn anew. */
function worlds(scenario: Scenario): Scenario[] {
  return Array.from(
    { length: WORLDS },
    (_, index) => ({ ...scenario, seed: scenario.seed + index }),
  );
}

Deno.test("regressions are drills that say what was wrong, and enough", () => {
  for (const [name, { drill }] of kept) {
    assert.match(drill.story, /^[A-Z].*\.$/, `${name} says in a sentence what was wrong`);
  }
  for (const name of Object.values(PLANTED_REGRESSIONS)) assert.ok(kept.has(name), name);
  assert.ok(Object.keys(PLANTED_REGRESSIONS).length >= 8);
});

Deno.test("a file that is not a regression as it was written is an error", () => {
  const [name] = files;
  assert.ok(name !== undefined);
  const text = textOf(name);
  const other = (written: string, called = name) => () =>
    readRegression({ name: called, text: written });
  assert.throws(other(text.replace('"formatVersion":1', '"formatVersion":2')), /line 1: .*2/);
  assert.throws(other(` ${text}`), /not what was written/);
  assert.throws(other("{}"), /line 1: "name" is missing/);
  assert.throws(other(text.replace('"seed":', '"seed":1')), /holds another run/);
  assert.throws(other(text, `I99${name.slice(name.lastIndexOf("-"))}`), /holds another run/);
});

for (const [name, { drill }] of kept) {
  Deno.test(`the engine passes ${name}`, () => {
    const kernel = loadKernel();
    const results = worlds(attendedRun(drill).scenario).slice(0, 4)
      .map((world) => runScenario(world, kernel));
    for (const { violation } of results) {
      assert.equal(violation, undefined, JSON.stringify(violation));
    }
    // Whoever plays the file sees the same run.
    const { traceHash, violation } = runDrill(drill, kernel, { engineHash: "", frames: false });
    assert.deepEqual([traceHash, violation], [results[0]?.hash, undefined]);
  });
}

/** What a copy of the engine offers. */
interface Copy {
  runScenario(scenario: Scenario, kernel: Kernel): RunResult;
}

for (const [id, name] of Object.entries(PLANTED_REGRESSIONS)) {
  Deno.test(`the planted bug "${id}" breaks its regression again`, async () => {
    const plant = PLANTS.find((each) => each.id === id);
    const regression = kept.get(name);
    assert.ok(plant !== undefined && regression !== undefined, `${id}: ${name}`);
    const root = makeCopy(plant, COPIES);
    const copy = await import(new URL("engine/sim/scenario/run.ts", root).href) as Copy;
    const kernel = loadKernel();
    const broken = worlds(attendedRun(regression.drill).scenario).some((world) => {
      const { violation } = copy.runScenario(world, kernel);
      return violation !== undefined && plant.invariants.includes(violation.id);
    });
    assert.ok(
      broken,
      `${name} breaks ${regression.invariant} no more: it proves nothing any longer`,
    );
    rmSync(root, { recursive: true, force: true });
  });
}
