/**
 * Every scenario of the library, headless, from its text to its verdict, each in a process of its own: seconds, and the most
 * memory that the process took.
 *
 *     deno task bench library [--quick] [--json] [--rounds N]
 *
 * What is looked for: a verdict within 10 s.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeMachine, judge, ROOT, showSpread, spread, wait } from "./measure.ts";

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
const megabytes = new Map<string, number>();
for (let round = 0; round < rounds; round++) {
  for (const name of names) {
    const began = performance.now();
    const most = await play(name);
    seconds.get(name)?.push((performance.now() - began) / 1000);
    megabytes.set(name, Math.max(megabytes.get(name) ?? 0, most));
  }
}

/** Plays a scenario, and gives the most memory that its process had, MB. */
async function play(name: string): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${ROOT}lab/cli/main.ts`, name],
    stdin: "null",
    stdout: "null",
  }).spawn();
  let [most, over] = [0, false];
  const ended = child.status.finally(() => over = true);
  while (!over) {
    most = Math.max(most, peakOf(child.pid));
    await Promise.race([ended, wait(50)]);
  }
  if (!(await ended).success) throw new Error(`${name} did not pass`);
  return most;
}

/** The most memory that a process has had so far, MB (`VmHWM` of proc(5)); 0 once it is gone. */
function peakOf(pid: number): number {
  try {
    const [, kibibytes] =
      /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kibibytes ?? 0) * 1024 / 1e6;
  } catch {
    return 0;
  }
}

const spreads = [...seconds].map(([name, taken]) => {
  return { name, megabytes: Math.round(megabytes.get(name) ?? 0), ...spread(taken) };
});
if (options.json) {
  console.log(JSON.stringify({ machine: describeMachine(), rounds, scenarios: spreads }));
} else {
  console.log(describeMachine());
  for (const { name, megabytes, ...taken } of spreads) {
    const verdict = judge(taken.median <= VERDICT_MAX);
    const memory = `${megabytes} MB`.padStart(8);
    console.log(`${name.padEnd(34)} ${showSpread(taken, 1).padEnd(20)} s ${memory}  ${verdict}`);
  }
}
