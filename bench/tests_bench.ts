/**
 * What test failovers cost production: the lag of a machine whose guest writes, alone and beside three tests
 * of it whose guests write as well (M52: it stays within 5 %).
 *
 *     deno task bench tests [--quick] [--json] [--rounds N] [--cycles N] [--folder DIR]
 *
 * Lag is the time from the start of a cycle to its point being staged; RPO is the age of the newest staged point,
 * on the average over the time in which the cycles ran, one begun every second.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { ValueObject } from "../engine/agent/command/command.ts";
import { fieldsOf, rowsOf, textOf } from "../engine/agent/command/value.ts";
import { MiB } from "../engine/core/base/units.ts";
import { Agents, VM } from "./agents.ts";
import { LoadGuest } from "./load.ts";
import { describeMachine, judge, median, run, showSpread, spread, wait } from "./measure.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string" },
    cycles: { type: "string" },
    folder: { type: "string", default: "/tmp" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 2 : 7));
const cycles = Number(options.cycles ?? (options.quick ? 5 : 20));
/** Between the starts of two cycles, ms. */
const PACE = 1000;
/** Writes a second of the production's guest, and of each test's. */
const RATE = 200;
const TEST_RATE = 50;
const TESTS = 3;

/** ms. */
interface Measured {
  readonly lag: number;
  readonly rpo: number;
}

/** Runs cycles at their pace; the first one only begins the account. */
async function measure(agents: Agents): Promise<Measured> {
  const lags: number[] = [];
  const began = performance.now();
  let last: { readonly cut: number; readonly staged: number } | undefined;
  let first = NaN;
  let age = 0;
  for (let made = 0; made <= cycles; made++) {
    await wait(Math.max(0, began + made * PACE - performance.now()));
    const cut = performance.now();
    await agents.cycle();
    const staged = performance.now();
    if (last === undefined) first = staged;
    else {
      lags.push(staged - cut);
      // From one staging to the next the age rises from `last.staged - last.cut` to `staged - last.cut`.
      age += (staged - last.staged) * (last.staged + staged - 2 * last.cut) / 2;
    }
    last = { cut, staged };
  }
  return { lag: median(lags), rpo: age / ((last?.staged ?? NaN) - first) };
}

/** Tests of the newest point, and a guest in each of them. */
async function startTests(agents: Agents): Promise<() => Promise<void>> {
  const names: string[] = [];
  const guests: LoadGuest[] = [];
  for (let test = 0; test < TESTS; test++) {
    const started: ValueObject = fieldsOf(await agents.replica.call("failover test", { vm: VM }));
    names.push(textOf(started["vm"]));
    const uri = textOf(rowsOf(started["disks"])[0]?.["uri"]);
    guests.push(await LoadGuest.start(uri, { depth: 4, rate: TEST_RATE }));
  }
  return async () => {
    for (const guest of guests) await guest.stop();
    for (const name of names) {
      await agents.replica.call("failover test", { vm: VM, delete: name });
    }
  };
}

const folder = await Deno.makeTempDir({ dir: options.folder, prefix: "wsb-" });
let agents: Agents | undefined;
try {
  if (!options.json) console.log(describeMachine());
  const disk = `${folder}/disk.raw`;
  await run("truncate", ["-s", String(256 * MiB), disk]);
  agents = await Agents.start(folder);
  const uri = await agents.protect(disk);
  await agents.seed();
  const guest = await LoadGuest.start(uri, { depth: 8, rate: RATE });
  const alone: Measured[] = [];
  const beside: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    alone.push(await measure(agents));
    const stop = await startTests(agents);
    beside.push(await measure(agents));
    await stop();
  }
  await guest.stop();
  const ratios = (of: keyof Measured) =>
    spread(beside.map((round, at) => round[of] / (alone[at]?.[of] ?? NaN)));
  const [lag, rpo] = [ratios("lag"), ratios("rpo")];
  if (options.json) console.log(JSON.stringify({ alone, beside, lag, rpo }));
  else {
    const show = (of: keyof Measured, rows: readonly Measured[]) =>
      showSpread(spread(rows.map((row) => row[of])), 1);
    console.log(
      `lag, ms: ${show("lag", alone)} alone, ${show("lag", beside)} beside ${TESTS} tests`,
    );
    console.log(
      `RPO, ms: ${show("rpo", alone)} alone, ${show("rpo", beside)} beside ${TESTS} tests`,
    );
    console.log(`lag beside tests x alone: ${showSpread(lag)}`);
    console.log(
      `RPO beside tests x alone: ${showSpread(rpo)}; within 5 %: ${
        judge(Math.abs(rpo.median - 1) <= 0.05)
      }`,
    );
  }
} finally {
  await agents?.stop();
  await Deno.remove(folder, { recursive: true });
}
