/**
 * The cut under load: how long the gates of a machine are closed while its guest writes 4 KiB at
 * random, 32 at a time, and cycle follows cycle.
 *
 *     deno task bench cut [--quick] [--json] [--cycles N] [--folder DIR]
 *
 * @module
 */

import { parseArgs } from "node:util";
import { MiB } from "../engine/core/base/units.ts";
import { Agents } from "./agents.ts";
import { LoadGuest } from "./load.ts";
import { describeMachine, judge, run, wait } from "./measure.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    cycles: { type: "string" },
    folder: { type: "string", default: "/tmp" },
  },
});
const cycles = Number(options.cycles ?? (options.quick ? 20 : 150));
const size = (options.quick ? 256 : 1024) * MiB;
const folder = await Deno.makeTempDir({ dir: options.folder, prefix: "wsb-" });
let agents: Agents | undefined;
try {
  const disk = `${folder}/disk.raw`;
  await run("truncate", ["-s", String(size), disk]);
  agents = await Agents.start(folder);
  const uri = await agents.protect(disk);
  await agents.seed();
  const guest = await LoadGuest.start(uri, { depth: 32, rate: 0 });
  const end = performance.now() + (options.quick ? 30_000 : 120_000);
  let made = 0;
  // A guest at full speed makes cycles long: time bounds them, too.
  for (; made < cycles && performance.now() < end; made++) {
    await wait(50);
    await agents.cycle();
  }
  const { rate } = guest;
  await guest.stop();
  const { cutP50Micros, cutP99Micros, viewsGivenUp } = await agents.status();
  const result = { cycles: made, writesPerSecond: Math.round(rate), cutP50Micros, cutP99Micros };
  if (options.json) console.log(JSON.stringify({ ...result, viewsGivenUp }));
  else {
    console.log(describeMachine());
    console.log(
      `${made} cuts under ${result.writesPerSecond} writes of 4 KiB a second, 32 in flight: ` +
        `p50 ${cutP50Micros} µs, p99 ${cutP99Micros} µs; under 1 ms at p99: ` +
        `${judge(Number(cutP99Micros) < 1000)}; views given up: ${viewsGivenUp}`,
    );
  }
} finally {
  await agents?.stop();
  await Deno.remove(folder, { recursive: true });
}
