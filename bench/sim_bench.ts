/**
 * The simulator: events a second and simulated hours a second, for three machines that each write ten
 * times a second, 4 KiB at a time, with a cycle every five minutes, judged by all invariants.
 *
 *     deno task bench sim [--quick] [--json] [--hours N] [--rounds N] [--no-invariants]
 *
 * Rule: the run is a scenario like any other, without faults; its trace hash must be the same in
 * every round. Disks are a scale model: 4 MiB each.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { HOUR, KiB, MINUTE, SECOND } from "../engine/core/base/units.ts";
import { INVARIANTS } from "../engine/sim/invariants/table.ts";
import { runScenario } from "../engine/sim/scenario/run.ts";
import type { MachineSpec, Scenario, ScenarioEvent } from "../engine/sim/scenario/scenario.ts";
import { Prng } from "../engine/sim/prng.ts";
import { USUAL_STORAGE } from "../engine/sim/volume.ts";
import { loadKernel } from "../wasm/codec.ts";
import { describeMachine, showSpread, spread } from "./measure.ts";

const MACHINES = 3;
const WRITES_A_SECOND = 10;
const BLOCK = 4 * KiB;
const SECTORS = BLOCK / 512;
const BLOCKS = 1024;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    hours: { type: "string" },
    rounds: { type: "string" },
    "no-invariants": { type: "boolean", default: false },
  },
});
const hours = Number(options.hours ?? (options.quick ? 0.1 : 1));
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const invariants = options["no-invariants"] ? [] : INVARIANTS;
const scenario = makeScenario(Math.round(hours * HOUR));
const kernel = loadKernel();

/** One write every 100 ms of each machine, somewhere on its disk, not all at the same instant. */
function makeScenario(micros: number): Scenario {
  const random = new Prng(1).stream("bench");
  const machines = Array.from({ length: MACHINES }, (_, index): MachineSpec => ({
    name: `vm${index}`,
    disks: [BLOCKS * SECTORS],
    block: false,
    frequency: 5 * MINUTE,
    keep: 4,
    compression: true,
    bandwidth: 0,
  }));
  const events: ScenarioEvent[] = [];
  const step = SECOND / WRITES_A_SECOND;
  for (let at = SECOND; at < micros; at += step) {
    for (let vm = 0; vm < MACHINES; vm++) {
      const sector = random.below(BLOCKS) * SECTORS;
      const place = { vm, disk: 0, sector, count: SECTORS, rough: random.below(4) === 0 };
      events.push({ at: at + vm * Math.floor(step / MACHINES), kind: "write", ...place });
    }
  }
  return {
    seed: 1,
    world: {
      blockSize: BLOCK,
      regionBlocks: 64,
      slots: 16,
      cowBlocks: BLOCKS,
      machines,
      link: { latency: 1000, jitter: 200, bandwidth: 0, segment: 64 * KiB },
      storage: { a: USUAL_STORAGE, b: USUAL_STORAGE },
      wall: { a: 0, b: 0 },
    },
    events,
    quiet: micros,
  };
}

const seconds: number[] = [];
/** Of all threads together: also those that compile and collect garbage. */
const processor: number[] = [];
let [events, micros, hash] = [0, 0, ""];
for (let round = 0; round < rounds; round++) {
  const began = performance.now();
  const before = process.cpuUsage();
  const result = runScenario(scenario, kernel, { invariants });
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
const day = spread(seconds.map((each) => 24 * each / simulated));
const dayProcessor = spread(processor.map((each) => 24 * each / simulated));
if (options.json) {
  console.log(JSON.stringify({
    machine: describeMachine(),
    invariants: invariants.length,
    events,
    simulatedHours: simulated,
    perSecond,
    hoursPerSecond,
    day,
    dayProcessor,
  }));
} else {
  console.log(describeMachine());
  console.log(
    `${MACHINES} machines, ${WRITES_A_SECOND} writes a second each, ${simulated.toFixed(2)} h, ` +
      `${events} events, ${invariants.length} invariants, ${rounds} rounds`,
  );
  console.log(`Events a second           ${showSpread(perSecond, 0)}`);
  console.log(`Simulated hours a second  ${showSpread(hoursPerSecond, 3)}`);
  console.log(`Seconds for a day         ${showSpread(day, 0)}, designed for under 90`);
  console.log(`  of processor time       ${showSpread(dayProcessor, 0)}`);
}
