/**
 * The simulator: events a second and simulated hours a second, for three machines that each write ten
 * times a second, with a cycle every five minutes, judged by all invariants.
 *
 *     deno task bench sim [--workload r1|r1s|r1s-swarm|r1s-storm|drill] [--quick] [--json] [--hours N] [--rounds N] [--no-invariants]
 *
 * Rule: the run is a scenario like any other, and only `r1s-swarm` and `r1s-storm` have faults; its trace hash must be the same in
 * every round. Disks are a scale model: 1024 blocks each.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { HOUR, SECOND } from "../engine/core/base/units.ts";
import { loadKernel } from "../wasm/codec.ts";
import { describeMachine, showSpread, spread } from "./measure.ts";
import { playWorkload, type WorkloadName, WORKLOADS } from "./sim_workloads.ts";

const { values: options } = parseArgs({
  options: {
    workload: { type: "string", default: "r1s" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    hours: { type: "string" },
    rounds: { type: "string" },
    "no-invariants": { type: "boolean", default: false },
  },
});
const workload = options.workload as WorkloadName;
if (!(workload in WORKLOADS)) {
  console.error(`There is no workload "${workload}": ${Object.keys(WORKLOADS).join(", ")}`);
  Deno.exit(2);
}
const hours = Number(options.hours ?? (options.quick ? 0.1 : 1));
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const judged = !options["no-invariants"];
const kernel = loadKernel();

const seconds: number[] = [];
/** Of all threads together: also those that compile and collect garbage. */
const processor: number[] = [];
let [events, micros, hash] = [0, 0, ""];
for (let round = 0; round < rounds; round++) {
  const began = performance.now();
  const before = process.cpuUsage();
  const result = playWorkload(workload, Math.round(hours * HOUR), kernel, judged);
  seconds.push((performance.now() - began) / 1000);
  const { user, system } = process.cpuUsage(before);
  processor.push((user + system) / SECOND);
  if (result.violation !== undefined) throw new Error(JSON.stringify(result.violation));
  if (hash !== "" && result.hash !== hash) throw new Error("Two runs of one scenario differ");
  ({ events, micros, hash } = result);
}

const simulated = micros / HOUR;
const perSecond = spread(seconds.map((each) => events / each));
const hoursPerSecond = spread(seconds.map((each) => simulated / each));
const perSecondProcessor = spread(processor.map((each) => events / each));
const hoursPerSecondProcessor = spread(processor.map((each) => simulated / each));
if (options.json) {
  console.log(JSON.stringify({
    machine: describeMachine(),
    workload,
    judged,
    events,
    simulatedHours: simulated,
    hash,
    perSecond,
    hoursPerSecond,
    perSecondProcessor,
    hoursPerSecondProcessor,
  }));
} else {
  console.log(describeMachine());
  console.log(
    `${workload}: three machines, ten writes a second each, ${WORKLOADS[workload]}; ` +
      `${simulated.toFixed(2)} h, ${events} events, ${judged ? "all" : "no"} invariants, ` +
      `${rounds} rounds`,
  );
  console.log(`Events a second            ${showSpread(perSecond, 0)}`);
  console.log(`  of processor time        ${showSpread(perSecondProcessor, 0)}`);
  console.log(`Simulated hours a second   ${showSpread(hoursPerSecond, 3)}`);
  console.log(`  of processor time        ${showSpread(hoursPerSecondProcessor, 3)}`);
}
