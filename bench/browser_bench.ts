/**
 * The simulator in a browser's worker beside one of Deno's, in turns: events and simulated hours a second.
 *
 *     deno task bench browser [--workload r1|r1s|drill] [--quick] [--json] [--hours N] [--rounds N]
 *
 * Rule: both run the same source, unbundled, and must come to the same trace hash. Each run has a worker of its
 * own, which compiles everything anew.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { HOUR } from "../engine/core/base/units.ts";
import { withChromium } from "../test/web/runtimes.ts";
import { SourceServer } from "../test/web/source_server.ts";
import { describeMachine, showSpread, spread } from "./measure.ts";
import type { SpeedAnswer, SpeedOrder } from "./sim_worker.ts";
import { type WorkloadName, WORKLOADS } from "./sim_workloads.ts";

const { values: options } = parseArgs({
  options: {
    workload: { type: "string", default: "drill" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    hours: { type: "string" },
    rounds: { type: "string" },
  },
});
const workload = options.workload as WorkloadName;
if (!(workload in WORKLOADS)) {
  console.error(`There is no workload "${workload}": ${Object.keys(WORKLOADS).join(", ")}`);
  Deno.exit(2);
}
const hours = Number(options.hours ?? (options.quick ? 0.1 : 1));
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const order: SpeedOrder = { workload, micros: Math.round(hours * HOUR) };

/** Asks a new worker at `url`. It runs in the page as well, and there it sees nothing of this module. */
function ask(
  { url, order }: { readonly url: string; readonly order: SpeedOrder },
): Promise<SpeedAnswer> {
  const worker = new Worker(url, { type: "module" });
  const answer = new Promise<SpeedAnswer>((resolve) => {
    worker.onmessage = (event: MessageEvent<SpeedAnswer>) => resolve(event.data);
    worker.onerror = (event) => resolve({ error: event.message });
    worker.postMessage(order);
  });
  return answer.finally(() => worker.terminate());
}

type Speed = Exclude<SpeedAnswer, { readonly error: string }>;

function measuredOf(answer: SpeedAnswer, problems: readonly string[]): Speed {
  if ("error" in answer) throw new Error([answer.error, ...problems].join("\n"));
  if (answer.violation !== undefined) throw new Error(JSON.stringify(answer.violation));
  return answer;
}

async function measure(page: Page, server: SourceServer) {
  const places = {
    deno: () => ask({ url: import.meta.resolve("./sim_worker.ts"), order }),
    browser: () => page.evaluate(ask, { url: `${server.origin}/plain/bench/sim_worker.ts`, order }),
  };
  const found: Record<keyof typeof places, Speed[]> = { deno: [], browser: [] };
  for (let round = 0; round < rounds; round++) {
    for (const place of ["deno", "browser"] as const) {
      found[place].push(measuredOf(await places[place](), server.problems));
    }
  }
  const hashes = new Set([...found.deno, ...found.browser].map(({ hash }) => hash));
  if (hashes.size !== 1) throw new Error(`The runs differ: ${[...hashes].join(" ")}`);
  return found;
}

await using server = new SourceServer();
const { found, version } = await withChromium(server, async (page) => ({
  found: await measure(page, server),
  version: page.context().browser()?.version() ?? "",
}));
const rates = (runs: readonly Speed[]) => ({
  perSecond: spread(runs.map(({ events, seconds }) => events / seconds)),
  hoursPerSecond: spread(runs.map(({ micros, seconds }) => micros / HOUR / seconds)),
});
const speeds = { deno: rates(found.deno), browser: rates(found.browser) };
if (options.json) {
  const machine = describeMachine();
  console.log(JSON.stringify({ machine, chromium: version, workload, hours, rounds, ...speeds }));
} else {
  console.log(`${describeMachine()}, Chromium ${version}`);
  console.log(`${workload}: ${WORKLOADS[workload]}; ${hours} h, all invariants, ${rounds} rounds`);
  for (const [place, { perSecond, hoursPerSecond }] of Object.entries(speeds)) {
    console.log(
      `${place.padEnd(8)} ${showSpread(perSecond, 0)} events a second, ` +
        `${showSpread(hoursPerSecond, 3)} simulated hours a second`,
    );
  }
}
