/**
 * The generator meets what it is there for: every kind of event is drawn, and every probe counts at least
 * once, in seeds that are always the same. What is never met is not survived, only unseen.
 *
 * @module
 */

import assert from "node:assert/strict";
import { generate } from "../../engine/sim/scenario/generate.ts";
import { PROBES } from "../../engine/sim/scenario/probes.ts";
import { runScenario } from "../../engine/sim/scenario/run.ts";
import type { ScenarioEvent, ScriptedFault } from "../../engine/sim/scenario/scenario.ts";
import { loadKernel } from "../../wasm/codec.ts";

/** Runs within which each must be met; it ends with the last one that was. */
const RUNS_MAX = 1500;

/** Every kind of event that the generator draws: the compiler misses one that is left out. */
const KINDS: Readonly<Record<Exclude<ScenarioEvent["kind"], ScriptedFault["kind"]>, true>> = {
  write: true,
  zero: true,
  read: true,
  flush: true,
  reconnect: true,
  cycle: true,
  grow: true,
  disk: true,
  rest: true,
  test: true,
  "test-delete": true,
  export: true,
  freeze: true,
  failover: true,
  cancel: true,
  complete: true,
  role: true,
  disable: true,
  forget: true,
  set: true,
  restart: true,
  verb: true,
  "first-copy": true,
  authorize: true,
  limit: true,
  kill: true,
  power: true,
  crash: true,
  "crash-naming": true,
  pause: true,
  lag: true,
  clock: true,
  io: true,
  latent: true,
  outside: true,
  "lose-log": true,
  touch: true,
  rot: true,
  "rot-open": true,
  "old-state": true,
  slow: true,
  stall: true,
  full: true,
  partition: true,
  link: true,
  "link-stall": true,
  "link-slow": true,
  reset: true,
  refuse: true,
  stale: true,
  destroy: true,
};

Deno.test("every kind of event happens and every probe is met, in some run of these seeds", () => {
  const kernel = loadKernel();
  const missing = new Set<string>([...Object.keys(KINDS), ...PROBES]);
  const listed = new Set(missing);
  const rare: string[] = [];
  const met = (name: string, run: number) => {
    assert.ok(listed.has(name), `the probe ${name} is not in the list of probes`);
    if (missing.delete(name) && run > 100) rare.push(`${name} in run ${run}`);
  };
  for (let run = 1; run <= RUNS_MAX && missing.size > 0; run++) {
    const scenario = generate(run);
    for (const { kind, at } of scenario.events) if (at < scenario.quiet) met(kind, run);
    for (const name of runScenario(scenario, kernel).probes.keys()) met(name, run);
  }
  assert.deepEqual([...missing], [], `never met in ${RUNS_MAX} runs`);
  console.log(`The rarest: ${rare.join(", ")}`);
});
