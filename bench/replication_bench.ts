/**
 * Replication against tools that copy: an image of 2 GiB half full, then a delta of 107 MB in 3,128
 * scattered extents of it, over mutual TLS between two servers on loopback. Everything is durable at
 * the other side when the clock stops.
 *
 *     deno task bench replication [--quick] [--json] [--rounds N] [--folder DIR] [--only ours]
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Extent } from "../engine/core/block/extent.ts";
import { openDisk } from "../engine/host/disk.ts";
import { realLoop, runTask } from "../engine/host/real_loop.ts";
import { NbdClient } from "../engine/host/nbd/client.ts";
import { Agents } from "./agents.ts";
import { chooseDelta, makeImage, QUICK_IMAGE, STANDARD_IMAGE, writeDelta } from "./image.ts";
import { isIsolated, isolate } from "./isolate.ts";
import {
  cpuSeconds,
  describeMachine,
  judge,
  loopbackBytes,
  median,
  run,
  seconds,
  showSpread,
  spread,
  until,
} from "./measure.ts";
import { nbdPeer, type Peer, rsyncPeer } from "./peers.ts";

/** One run of one tool. */
interface Sample {
  readonly seconds: number;
  /** Bytes on loopback, headers of TCP and IP and answers included. */
  readonly wire: number;
}

/** What one tool did in all rounds. */
interface Row {
  readonly what: "initial" | "delta";
  readonly tool: string;
  readonly samples: Sample[];
}

const OURS = "warmsite";
const PORT = 10_809;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string" },
    folder: { type: "string", default: "/tmp" },
    only: { type: "string", default: "" },
  },
});

await isolate();
const plan = options.quick ? QUICK_IMAGE : STANDARD_IMAGE;
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
const rows: Row[] = [];
const notes: Record<string, number> = {};
const folder = await Deno.makeTempDir({ dir: options.folder, prefix: "wsb-" });
const [base, changed] = [`${folder}/base.raw`, `${folder}/changed.raw`];
const extents = await prepare();

/** Makes the image and its changed copy; returns where they differ. */
async function prepare(): Promise<Extent[]> {
  await makeImage(base, plan, `${folder}/files`);
  const disk = openDisk(base);
  const loop = realLoop();
  const allocated = await runTask(loop, disk.allocated(0, disk.size), "allocated");
  await runTask(loop, disk.close(), "close");
  const chosen = chooseDelta(plan, allocated);
  await copy(base, changed);
  writeDelta(changed, chosen);
  return chosen;
}

async function copy(from: string, to: string): Promise<void> {
  await run("cp", ["--sparse=always", from, to]);
}

/** Settles the disk, runs `work` and notes what it took. */
async function sample(
  what: Row["what"],
  tool: string,
  work: () => Promise<unknown>,
): Promise<void> {
  await run("sync", ["-f", folder]);
  const before = loopbackBytes();
  const took = await seconds(work);
  let row = rows.find((each) => each.what === what && each.tool === tool);
  if (row === undefined) rows.push(row = { what, tool, samples: [] });
  row.samples.push({ seconds: took, wire: loopbackBytes() - before });
  if (!options.json) console.error(`  ${what} ${tool}: ${took.toFixed(2)} s`);
}

async function ours(): Promise<void> {
  const place = `${folder}/ours`;
  await Deno.mkdir(place);
  const disk = `${place}/disk.raw`;
  await copy(base, disk);
  const agents = await Agents.start(place);
  try {
    const uri = await agents.protect(disk);
    await sample("initial", OURS, () => agents.seed());
    notes["initialCpu"] = cpuSeconds(agents.primary.pid) + cpuSeconds(agents.replica.pid);
    await change(uri);
    const before = Number((await agents.status())["bytesSent"]);
    const cpu = cpuSeconds(agents.primary.pid) + cpuSeconds(agents.replica.pid);
    let applied = 0;
    await sample("delta", OURS, () => agents.cycle());
    applied = await seconds(() => until("apply", () => agents.applied()));
    notes["appliedAfter"] = applied;
    notes["deltaCpu"] = cpuSeconds(agents.primary.pid) + cpuSeconds(agents.replica.pid) - cpu;
    notes["deltaSent"] = Number((await agents.status())["bytesSent"]) - before;
  } finally {
    await agents.stop();
  }
  tellTroubles(place);
  await compare(place);
  await Deno.remove(place, { recursive: true });
}

/** An attempt that failed and was repeated must not hide in a slow time. */
function tellTroubles(place: string): void {
  for (const server of ["primary", "replica"]) {
    for (const line of Deno.readTextFileSync(`${place}/${server}.log`).split("\n")) {
      if (/"level":"(warn|error)"/.test(line)) console.error(`  ${server}: ${line}`);
    }
  }
}

/** Writes the delta as a guest does. */
async function change(uri: string): Promise<void> {
  const client = await NbdClient.connect(uri);
  using file = await Deno.open(changed);
  for (const { at, length } of extents) {
    const bytes = new Uint8Array(length);
    await file.seek(at, Deno.SeekMode.Start);
    await file.read(bytes);
    await client.write(at, bytes);
  }
  await client.flush();
  await client.disconnect();
}

/** The replica's disk must be what the guest wrote: a number of a wrong copy is worth nothing. */
async function compare(place: string): Promise<void> {
  const found = await run("find", [`${place}/replica/replicas`, "-size", `${plan.size}c`]);
  await run("cmp", [changed, found.trim()]);
}

/** Bytes on the wire when nothing is compressed. */
async function uncompressed(): Promise<void> {
  const place = `${folder}/plain`;
  await Deno.mkdir(place);
  const disk = `${place}/disk.raw`;
  await copy(base, disk);
  const agents = await Agents.start(place);
  try {
    const uri = await agents.protect(disk, { compression: false });
    await agents.seed();
    await change(uri);
    const before = loopbackBytes();
    const sent = Number((await agents.status())["wireBytes"]);
    await agents.cycle();
    notes["plainLoopback"] = loopbackBytes() - before;
    notes["plainWire"] = Number((await agents.status())["wireBytes"]) - sent;
  } finally {
    await agents.stop();
  }
  await Deno.remove(place, { recursive: true });
}

async function peer(
  name: string,
  make: (to: string) => Promise<Peer>,
  sparse: boolean,
): Promise<void> {
  const to = `${folder}/to.raw`;
  if (sparse) await run("truncate", ["-s", String(plan.size), to]);
  const tool = await make(to);
  try {
    await sample("initial", name, () => tool.copy(base));
    await run("cmp", [base, to]);
  } finally {
    await tool.stop();
  }
}

/** The delta by a tool that does not know what changed; the target holds the base. */
async function peerDelta(name: string, make: (to: string) => Promise<Peer>): Promise<void> {
  const to = `${folder}/to.raw`;
  const tool = await make(to);
  try {
    await sample("delta", name, () => tool.copy(changed));
    await run("cmp", [changed, to]);
  } finally {
    await tool.stop();
  }
  await Deno.remove(to);
}

async function round(number: number): Promise<void> {
  await ours();
  if (options.only === "ours") return;
  for (const [index, tool] of (["nbdcopy", "qemu-img convert"] as const).entries()) {
    const port = PORT + 10 * number + index;
    await peer(tool, (to) => nbdPeer(tool, to, port), true);
    if (tool === "nbdcopy") await peerDelta(tool, (to) => nbdPeer(tool, to, port + 2));
    else await Deno.remove(`${folder}/to.raw`);
  }
  const port = PORT + 10 * number + 5;
  const rsync = (more: readonly string[], at: number) => () =>
    rsyncPeer(folder, "to.raw", at, more);
  await peer("rsync", rsync(["-S", "--whole-file"], port), false);
  await peerDelta("rsync", rsync(["--inplace", "--no-whole-file"], port + 1));
}

try {
  for (let number = 0; number < rounds; number++) await round(number);
  if (options.only !== "ours") await uncompressed();
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Medians of one tool. */
function summary(what: Row["what"], tool: string) {
  const samples = rows.find((row) => row.what === what && row.tool === tool)?.samples ?? [];
  return {
    seconds: spread(samples.map((each) => each.seconds)),
    wire: median(samples.map((each) => each.wire)),
  };
}

const bytes = extents.reduce((sum, { length }) => sum + length, 0);
if (options.json) {
  console.log(JSON.stringify({ machine: describeMachine(), isolated: isIsolated(), rows, notes }));
} else {
  console.log(describeMachine());
  console.log(`Delta: ${bytes} bytes in ${extents.length} extents; ${rounds} rounds in ${folder}`);
  if (!isIsolated()) console.log("Bytes on the wire are of all programs on loopback");
  for (const what of ["initial", "delta"] as const) {
    const mine = summary(what, OURS);
    console.log(
      `\n${what.padEnd(18)} seconds                 MB on the wire   times as long as ours`,
    );
    for (const { tool } of rows.filter((row) => row.what === what)) {
      const { seconds, wire } = summary(what, tool);
      const ratio = seconds.median / mine.seconds.median;
      console.log(
        `${tool.padEnd(18)} ${showSpread(seconds).padEnd(23)} ${
          (wire / 1e6).toFixed(1).padStart(14)
        }` +
          `   x${ratio.toFixed(2)}`,
      );
    }
  }
  console.log();
  for (const [name, value] of Object.entries(notes)) console.log(`${name}: ${value}`);
  if (options.only !== "ours") floors();
}

function floors(): void {
  const [mine, theirs] = [summary("initial", OURS), summary("initial", "rsync")];
  const [delta, rsync] = [summary("delta", OURS), summary("delta", "rsync")];
  const times = rsync.seconds.median / delta.seconds.median;
  const travelled = ((notes["plainWire"] ?? 0) / bytes - 1) * 100;
  console.log(`
Delta at least 4 x as fast as rsync: ${times.toFixed(2)} x: ${judge(times >= 4)}
Initial replication faster than rsync: ${
    judge(mine.seconds.median < theirs.seconds.median)
  }, with no more bytes: ${judge(mine.wire <= theirs.wire)}
Uncompressed, at most changed blocks + 1 %: +${travelled.toFixed(2)} %: ${judge(travelled <= 1)}`);
}
