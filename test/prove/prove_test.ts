/**
 * Two thousand random schedules of faults, as `deno task prove` runs them: no invariant breaks.
 *
 * @module
 */

import assert from "node:assert/strict";
import { farm } from "../../tools/prove/farm.ts";

const RUNS = 2000;
/** Two cores: one job each. */
const JOBS = 2;
const SEED = Number(Deno.env.get("WARMSITE_SEED") ?? 1);

Deno.test("No invariant breaks in 2,000 runs", async () => {
  const worker = new URL("../../tools/prove/worker.ts", import.meta.url);
  const { found, runs } = await farm({
    worker,
    seed: SEED,
    runs: RUNS,
    jobs: JOBS,
    until: Infinity,
  });
  assert.equal(
    found,
    undefined,
    `${JSON.stringify(found)}; replay: deno task prove --seed ${found?.seed} --runs 1`,
  );
  assert.equal(runs, RUNS);
});
