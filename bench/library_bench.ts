/**
 * Every scenario of the library, headless, from its text to its verdict, each in a process of its own: seconds and events.
 *
 *     deno task bench library [--quick] [--json] [--rounds N]
 *
 * What is looked for: a verdict within 10 s.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeMachine, judge, ROOT, run, showSpread, spread } from "./measure.ts";

/** Seconds to a verdict. */
const VERDICT_MAX = 10;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const names = readdirSync(`${ROOT}scenarios`).filter((file) => file.endsWith(".yaml"))
  .map((file) => file.slice(0, -".yaml".length)).sort();

const seconds = new Map<string, number[]>(names.map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const name of names) {
    const began = performance.now();
    await run(Deno.execPath(), ["run", "-A", "--no-check", `${ROOT}lab/cli/main.ts`, name]);
    seconds.get(name)?.push((performance.now() - began) / 1000);
  }
}

const spreads = [...seconds].map(([name, taken]) => ({ name, ...spread(taken) }));
if (options.json) {
  console.log(JSON.stringify({ machine: describeMachine(), rounds, scenarios: spreads }));
} else {
  console.log(describeMachine());
  for (const { name, ...taken } of spreads) {
    const verdict = judge(taken.median <= VERDICT_MAX);
    console.log(`${name.padEnd(34)} ${showSpread(taken, 1).padEnd(20)} s  ${verdict}`);
  }
}
