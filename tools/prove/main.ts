/**
 * `deno task prove`: looks for schedules of faults under which an invariant does not hold.
 *
 * Every seed is a run. A violation is shrunk, told, and ends with exit code 1.
 *
 * @module
 */

import { generate } from "../../engine/sim/scenario/generate.ts";
import { PROBES } from "../../engine/sim/scenario/probes.ts";
import { runScenario } from "../../engine/sim/scenario/run.ts";
import { readRegression, regressionFile } from "../../lab/regression/regression.ts";
import { attendedRun } from "../../lab/run/attended_run.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { farm, type Harvest } from "./farm.ts";
import { HELP, parseOptions, PLANTED_MINUTES, type ProveOptions, USAGE } from "./options.ts";
import { type PlantResult, seekAll } from "./plants.ts";
import { eventLines, seconds, type Smaller, smaller, traceLines } from "./readable.ts";

const ROOT = new URL("../../", import.meta.url);
/** Runs from which on it tells something that a probe was never met. */
const TELLING_RUNS = 1000;
const HOUR = 3_600_000_000;

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

async function prove(options: ProveOptions): Promise<number> {
  const { seed, runs, jobs, json } = options;
  const began = Date.now();
  const until = options.minutes > 0 ? began + options.minutes * 60_000 : Infinity;
  const worker = new URL("./worker.ts", import.meta.url);
  const live = Deno.stderr.isTerminal() && !json;
  const progress = live ? (harvest: Harvest) => say(`\r${rate(harvest, began)}   `) : undefined;
  const harvest = await farm({
    worker,
    seed,
    runs,
    jobs,
    until,
    ...(progress === undefined ? {} : { progress }),
  });
  if (live) say("\n");
  const { found } = harvest;
  if (found === undefined) {
    if (json) console.log(JSON.stringify({ ok: true, ...figures(harvest, began) }));
    else {
      console.log(`${rate(harvest, began)}: every invariant holds`);
      const never = PROBES.filter((name) => !harvest.probes.has(name));
      if (never.length > 0 && harvest.runs >= TELLING_RUNS) {
        console.log(`Never met: ${never.join(", ")}`);
      }
    }
    return 0;
  }
  const replay = `deno task prove --seed ${found.seed} --runs 1`;
  const scenario = generate(found.seed);
  const small = smaller(scenario, found.violation);
  const kept = keep(small);
  if (json) {
    const violation = {
      ...found.violation,
      seed: found.seed,
      replay,
      kept,
      scenario: small.scenario,
    };
    console.log(JSON.stringify({ ok: false, ...figures(harvest, began), violation }));
    return 1;
  }
  console.log(`${found.violation.id} does not hold: ${found.violation.message}`);
  console.log(`At ${seconds(found.violation.time)} s of seed ${found.seed}.`);
  const count = `${scenario.events.length} -> ${small.scenario.events.length}`;
  console.log(`Shrunk, ${count} events, it breaks at ${seconds(small.violation.time)} s:`);
  console.log(`  ${small.violation.message.split("\n")[0]}`);
  for (const line of eventLines(small.scenario)) console.log(`  ${line}`);
  console.log(`Replay: ${replay}`);
  if (kept === null) console.log("Not kept: it is no drill that breaks the same again");
  else {
    console.log(
      `Kept: ${kept}, replayed by every "npm test"; its "story" is to say what was wrong`,
    );
    console.log(`Play: deno task drill ${kept}`);
  }
  return 1;
}

/**
 * Stores what shrinking left as a drill among the regressions; null for a run that as a drill, read from what is stored, does not
 * break the same again.
 */
function keep({ scenario, violation: { id, message } }: Smaller): string | null {
  const file = regressionFile(scenario, id, message.split("\n")[0] ?? "");
  if (file === undefined) return null;
  const { drill } = readRegression(file);
  if (runScenario(attendedRun(drill).scenario, loadKernel()).violation?.id !== id) return null;
  const path = `scenarios/regressions/${file.name}`;
  Deno.mkdirSync(new URL("scenarios/regressions/", ROOT), { recursive: true });
  Deno.writeTextFileSync(new URL(path, ROOT), file.text);
  return path;
}

function figures(harvest: Harvest, began: number) {
  const wall = (Date.now() - began) / 1000;
  return {
    runs: harvest.runs,
    seconds: wall,
    runsPerSecond: harvest.runs / wall,
    eventsPerSecond: harvest.events / wall,
    simulatedHours: harvest.micros / HOUR,
    probes: Object.fromEntries([...harvest.probes].sort()),
  };
}

function rate(harvest: Harvest, began: number): string {
  const { runs, seconds, runsPerSecond, eventsPerSecond, simulatedHours } = figures(harvest, began);
  return `${runs} runs, ${simulatedHours.toFixed(1)} simulated hours in ${seconds.toFixed(1)} s ` +
    `(${runsPerSecond.toFixed(0)} runs/s, ${(eventsPerSecond / 1000).toFixed(0)} k events/s)`;
}

async function provePlanted(options: ProveOptions): Promise<number> {
  const until = Date.now() + (options.minutes > 0 ? options.minutes : PLANTED_MINUTES) * 60_000;
  const line = (result: PlantResult) =>
    [
      result.id.padEnd(26),
      result.rule.padEnd(5),
      result.invariant.padEnd(14),
      (result.found ?? "NOT FOUND").padEnd(12),
      String(result.runs).padStart(6),
      result.seconds.toFixed(1).padStart(7),
    ].join(" ");
  if (!options.json) {
    console.log("id                         rule  invariant      found          runs seconds");
  }
  const told = (result: PlantResult) => {
    if (options.json) return;
    console.log(line(result));
    if (result.found === undefined && result.message !== "") {
      console.log(`  last: ${result.message}`);
    }
  };
  const { seed, runs, jobs } = options;
  const results = await seekAll(seed, runs, jobs, until, told);
  if (options.json) console.log(JSON.stringify(results));
  return results.every(({ found }) => found !== undefined) ? 0 : 1;
}

const options = parseOptions(Deno.args, navigator.hardwareConcurrency);
if (typeof options === "string") {
  console.error(`${options}\nUsage: ${USAGE}`);
  Deno.exit(2);
}
if (options.help) console.log(HELP);
else if (options.trace) {
  const { lines, hash } = traceLines(generate(options.seed));
  if (options.json) console.log(JSON.stringify({ seed: options.seed, hash, lines }));
  else console.log([...lines, `trace ${hash}`].join("\n"));
} else Deno.exitCode = await (options.planted ? provePlanted(options) : prove(options));
