/**
 * Our NBD server against `qemu-nbd` and `nbdkit file` on the same file, with fio's nbd engine, over a
 * Unix socket, one connection. Rounds are interleaved, so that a slow minute of the machine hits all
 * servers; medians, spreads and ratios are printed.
 *
 *     deno run -A bench/nbd_bench.ts [--quick] [--json] [--rounds N] [--folder DIR]
 *
 * @module
 */

import { parseArgs } from "node:util";

/** One pattern of load. */
interface Load {
  readonly name: string;
  readonly rw: "randread" | "randwrite" | "read" | "write";
  readonly blockSize: string;
  readonly depth: number;
  /** What our server should reach as a multiple of qemu-nbd. */
  readonly floor: number;
}

/** A server under test. */
interface Contestant {
  readonly name: string;
  /** The command that serves `file` at `socket` in the foreground. */
  command(socket: string, file: string): string[];
  /** The export's name. */
  readonly export: string;
}

/** What came of all rounds of one load on one server, in the load's unit. */
interface Result {
  readonly load: string;
  readonly server: string;
  readonly unit: "IOPS" | "MB/s";
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** Median as a multiple of qemu-nbd's. */
  readonly ratio: number;
  /** CPU time of the server for each request, µs: what a busy machine distorts least. */
  readonly cpu: number;
  /** For our servers alone. */
  readonly floor?: number;
}

const LOADS: readonly Load[] = [
  { name: "4K randread QD32", rw: "randread", blockSize: "4k", depth: 32, floor: 2.5 },
  { name: "4K randwrite QD32", rw: "randwrite", blockSize: "4k", depth: 32, floor: 2 },
  { name: "4K randread QD1", rw: "randread", blockSize: "4k", depth: 1, floor: 0.75 },
  { name: "4K randwrite QD1", rw: "randwrite", blockSize: "4k", depth: 1, floor: 0.9 },
  { name: "1M seqread QD4", rw: "read", blockSize: "1m", depth: 4, floor: 1 },
  { name: "1M seqwrite QD4", rw: "write", blockSize: "1m", depth: 4, floor: 1.4 },
];

const ROOT = new URL("..", import.meta.url).pathname;

/** Our server on what `mode` of `nbd_serve.ts` names. */
function ours(name: string, mode: string): Contestant {
  return {
    name,
    export: "VM/0",
    command: (socket, file) => [
      Deno.execPath(),
      "run",
      "-A",
      "--no-check",
      `${ROOT}bench/nbd_serve.ts`,
      socket,
      file,
      mode,
    ],
  };
}

const REFERENCE = "qemu-nbd";
const PEERS: readonly Contestant[] = [
  {
    name: REFERENCE,
    export: "e",
    command: (socket, file) => ["qemu-nbd", "-f", "raw", "-t", "-k", socket, "-x", "e", file],
  },
  {
    name: "nbdkit file",
    export: "e",
    command: (socket, file) => ["nbdkit", "-f", "-U", socket, "file", file],
  },
];

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string" },
    folder: { type: "string", default: "/tmp" },
    modes: { type: "string", default: "disk,tracked,small" },
    only: { type: "string", default: "" },
  },
});
/** Seconds of load before it is measured. */
const RAMP = 1;
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
const seconds = options.quick ? 1 : 3;
const fileMiB = options.quick ? 256 : 1024;
const contestants = [
  ...PEERS,
  ...options.modes.split(",").map((mode) => ours(`warmsite ${mode}`, mode)),
];

interface Measured {
  /** IOPS, or MB/s for sequential loads. */
  readonly rate: number;
  /** CPU time of the server for each request, µs. */
  readonly cpu: number;
}

/** Runs one load on one server, started for it alone. */
async function measure(contestant: Contestant, load: Load, folder: string): Promise<Measured> {
  const socket = `${folder}/s.sock`;
  const [program, ...args] = contestant.command(socket, `${folder}/disk.img`);
  const server = new Deno.Command(program!, {
    args,
    stdin: "piped",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  try {
    await until(() => Deno.lstatSync(socket).isSocket === true);
    const before = cpuMicros(server.pid);
    const { rate, requests } = await fio(
      load,
      `nbd+unix:///${contestant.export}?socket=${socket}`,
    );
    return { rate, cpu: (cpuMicros(server.pid) - before) / requests };
  } finally {
    server.kill("SIGTERM");
    await server.stdin.close().catch(() => {});
    await server.status;
    await Deno.remove(socket).catch(() => {});
  }
}

/** User and system time of a process; the kernel counts it in hundredths of a second. */
function cpuMicros(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function fio(load: Load, uri: string): Promise<{ rate: number; requests: number }> {
  const { success, stdout, stderr } = await new Deno.Command("fio", {
    args: [
      "--name=x",
      "--ioengine=nbd",
      `--uri=${uri}`,
      `--rw=${load.rw}`,
      `--bs=${load.blockSize}`,
      `--iodepth=${load.depth}`,
      "--time_based",
      `--runtime=${seconds}`,
      // Regions become hot once, whatever is written later: that is not what is compared.
      `--ramp_time=${RAMP}`,
      `--size=${fileMiB}m`,
      "--randrepeat=0",
      "--norandommap",
      "--output-format=json",
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const report = JSON.parse(new TextDecoder().decode(stdout).replace(/^[^{]*/, ""));
  const side = load.rw.endsWith("read") ? report.jobs[0].read : report.jobs[0].write;
  const rate = load.blockSize === "4k" ? side.iops : side.bw_bytes / 1e6;
  // The ramp's requests cost CPU time as well, and are not counted.
  return { rate, requests: side.total_ios * (seconds + RAMP) / seconds };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    try {
      if (condition()) return;
    } catch {
      // Not there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("The server did not come up");
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

async function compare(load: Load, folder: string): Promise<Result[]> {
  const values = new Map<string, Measured[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      values.get(contestant.name)!.push(await measure(contestant, load, folder));
    }
  }
  const reference = median(values.get(REFERENCE)!.map(({ rate }) => rate));
  return contestants.map(({ name }): Result => {
    const all = values.get(name)!.map(({ rate }) => rate);
    const cpu = median(values.get(name)!.map(({ cpu }) => cpu));
    return {
      load: load.name,
      server: name,
      unit: load.blockSize === "4k" ? "IOPS" : "MB/s",
      median: Math.round(median(all)),
      low: Math.round(Math.min(...all)),
      high: Math.round(Math.max(...all)),
      ratio: Math.round(100 * median(all) / reference) / 100,
      cpu: Math.round(10 * cpu) / 10,
      ...(PEERS.some((peer) => peer.name === name) ? {} : { floor: load.floor }),
    };
  });
}

function line(result: Result): string {
  const floor = result.floor === undefined
    ? ""
    : result.ratio >= result.floor
    ? `floor ${result.floor}: met`
    : `floor ${result.floor}: MISSED`;
  return [
    result.load.padEnd(18),
    result.server.padEnd(18),
    String(result.median).padStart(8),
    result.unit.padEnd(5),
    `[${result.low}..${result.high}]`.padEnd(18),
    `x${result.ratio.toFixed(2)}`,
    `${result.cpu.toFixed(1)} µs CPU`.padStart(15),
    floor,
  ].join(" ").trimEnd();
}

/** What tracking costs against the same server without it: in rate, and in CPU time a request. */
function trackingCosts(compared: readonly Result[]): string[] {
  const without = compared.find(({ server }) => server === "warmsite disk");
  if (without === undefined) return [];
  const tracking = compared.filter(({ server }) => /tracked|small/.test(server));
  return tracking.map(({ server, load, median, cpu }) => {
    const rate = 100 * (1 - median / without.median);
    const work = 100 * (cpu / without.cpu - 1);
    return `${load.padEnd(18)} ${server} costs ${rate.toFixed(1)} % of the rate, ` +
      `${work.toFixed(1)} % more CPU`;
  });
}

const folder = await Deno.makeTempDir({ dir: options.folder, prefix: "warmsite-bench-" });
const results: Result[] = [];
try {
  const chunk = crypto.getRandomValues(new Uint8Array(65_536));
  using file = await Deno.open(`${folder}/disk.img`, { write: true, create: true });
  for (let at = 0; at < fileMiB * 16; at++) await file.write(chunk);
  for (const load of LOADS) {
    if (!load.name.includes(options.only)) continue;
    const compared = await compare(load, folder);
    results.push(...compared);
    if (!options.json) console.log([...compared.map(line), ...trackingCosts(compared)].join("\n"));
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
if (options.json) console.log(JSON.stringify(results));
