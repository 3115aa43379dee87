/**
 * Memory of both servers: 2 GiB of data, a replica that is stopped in the middle of a cycle, and a
 * guest that keeps writing all the while.
 *
 *     deno task bench memory [--quick] [--json] [--seconds N] [--folder DIR]
 *
 * What counts is the highest resident size that the kernel saw of each process (`VmHWM`).
 *
 * @module
 */

import { parseArgs } from "node:util";
import { MiB } from "../engine/core/base/units.ts";
import { Agents } from "./agents.ts";
import { makeImage, QUICK_IMAGE, STANDARD_IMAGE } from "./image.ts";
import { LoadGuest } from "./load.ts";
import { describeMachine, judge, memoryOf, wait } from "./measure.ts";

/** Bytes that each server may take. */
const MEMORY_MAX = 300 * MiB;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    seconds: { type: "string" },
    folder: { type: "string", default: "/tmp" },
  },
});
const stall = Number(options.seconds ?? (options.quick ? 5 : 20));
const plan = options.quick ? QUICK_IMAGE : STANDARD_IMAGE;
const folder = await Deno.makeTempDir({ dir: options.folder, prefix: "wsb-" });
const phases: { readonly phase: string; readonly primary: number; readonly replica: number }[] = [];
let agents: Agents | undefined;

/** Notes the highest resident sizes so far. */
function note(phase: string): void {
  if (agents === undefined) return;
  const [primary, replica] = [agents.primary.pid, agents.replica.pid].map((pid) =>
    Math.round(memoryOf(pid, "VmHWM") / MiB)
  );
  phases.push({ phase, primary: primary ?? NaN, replica: replica ?? NaN });
  if (!options.json) console.log(`${phase.padEnd(44)} ${primary} MiB, ${replica} MiB`);
}

try {
  if (!options.json) console.log(`${describeMachine()}\nHighest so far: primary, replica`);
  const disk = `${folder}/disk.raw`;
  // Data on the whole disk: twice as many files as in the other benchmarks.
  await makeImage(disk, { ...plan, files: Math.floor(plan.size * 0.93) }, `${folder}/files`);
  agents = await Agents.start(folder);
  note("started");
  const uri = await agents.protect(disk);
  const guest = await LoadGuest.start(uri, { depth: 32, rate: 2000 });
  await agents.seed();
  note("initial replication, the guest writing");
  await agents.cycle();
  await wait(2000);
  const cycle = agents.cycle();
  cycle.catch(() => {});
  await wait(100);
  Deno.kill(agents.replica.pid, "SIGSTOP");
  try {
    const before = guest.written;
    await wait(stall * 1000);
    note(`replica stopped for ${stall} s, ${guest.written - before} writes`);
  } finally {
    Deno.kill(agents.replica.pid, "SIGCONT");
  }
  await cycle.catch(() => agents?.cycle());
  await agents.cycle();
  note("replica goes on, two more cycles");
  await guest.stop();
  const last = phases.at(-1);
  const most = Math.max(last?.primary ?? NaN, last?.replica ?? NaN);
  if (options.json) console.log(JSON.stringify({ phases }));
  else console.log(`Both under 300 MiB: ${judge(most * MiB < MEMORY_MAX)}`);
} finally {
  await agents?.stop();
  await Deno.remove(folder, { recursive: true });
}
