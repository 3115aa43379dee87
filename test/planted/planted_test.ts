/**
 * The gate of the planted bugs: the one generator finds each of them, and the sound engine passes the
 * same runs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { farm } from "../../tools/prove/farm.ts";
import { PLANTED_RUNS } from "../../tools/prove/options.ts";
import { plantedSource, type PlantResult, seekAll } from "../../tools/prove/plants.ts";
import { PLANTS } from "./table.ts";

const ROOT = new URL("../../", import.meta.url);
/** Two cores: one job each. */
const JOBS = 2;
/** Ends a search that hangs. How long the table takes is a figure, and no reason for a test to fail. */
const MINUTES_MAX = 18;
/** Runs of the sound engine that must pass, by each job. */
const CONTROL_RUNS = 150;

Deno.test("Every planted bug has its place exactly once, and a name and a rule of its own", () => {
  for (const plant of PLANTS) {
    const source = readFileSync(new URL(plant.file, ROOT), "utf8");
    assert.notEqual(plantedSource(plant, source), source, plant.id);
    assert.match(plant.rule, /^[A-Z][0-9]+$/, plant.id);
    assert.ok(plant.invariants.length > 0, plant.id);
  }
  assert.equal(new Set(PLANTS.map(({ id }) => id)).size, PLANTS.length);
  assert.ok(PLANTS.length >= 30, `${PLANTS.length} planted bugs`);
});

Deno.test("A planted bug whose place is gone, or is there twice, is an error", () => {
  const [plant] = PLANTS;
  assert.ok(plant !== undefined);
  assert.throws(() => plantedSource(plant, "nothing of it"), /0 times, not once/);
  assert.throws(() => plantedSource(plant, plant.before + plant.before), /2 times, not once/);
  const twofold = { ...plant, also: [{ before: "second", after: "third" }] };
  assert.throws(() => plantedSource(twofold, plant.before), /0 times, not once/);
  assert.equal(plantedSource(twofold, `${plant.before} second`), `${plant.after} third`);
});

Deno.test("The engine without a planted bug passes the same runs", async () => {
  const worker = new URL("tools/prove/worker.ts", ROOT);
  const shares = Array.from({ length: JOBS }, (_, job) => {
    const seed = 1 + job * CONTROL_RUNS;
    return farm({ worker, seed, runs: CONTROL_RUNS, jobs: 1, until: Infinity });
  });
  for (const { found, runs } of await Promise.all(shares)) {
    assert.equal(found, undefined, JSON.stringify(found));
    assert.equal(runs, CONTROL_RUNS);
  }
});

Deno.test("The generator finds every planted bug within 10,000 runs", async () => {
  const until = Date.now() + MINUTES_MAX * 60_000;
  console.log(row("id", "rule", "invariant", "found", "runs", "seconds"));
  const results = await seekAll(1, PLANTED_RUNS, JOBS, until, (result) => {
    const { id, rule, invariant, found, runs, seconds } = result;
    console.log(row(id, rule, invariant, found ?? "-", String(runs), seconds.toFixed(1)));
  });
  const missed = results.filter(({ found }) => found === undefined);
  assert.equal(missed.length, 0, `Not found:\n${missed.map(tell).join("\n")}`);
  assert.equal(results.length, PLANTS.length);
});

function tell({ id, runs, message }: PlantResult): string {
  return `${id} in ${runs} runs${message === "" ? "" : `, only ${message}`}`;
}

function row(...cells: readonly string[]): string {
  const widths = [28, 5, 40, 6, 6, 8];
  return cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" ").trimEnd();
}
