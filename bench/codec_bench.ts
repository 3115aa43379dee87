/**
 * The codec against the runtime's own and npm's: how many times as fast, by kind and size of block.
 *
 *     deno run -A bench/codec_bench.ts [--json] [--rounds N] [--only TEXT]
 *
 * Rule: candidates take turns within each round, so that a busy machine slows all of them alike;
 * a ratio is taken per round, and its median and spread (first and third quartile) are shown.
 * It asserts nothing.
 *
 * @module
 */

import * as zstdWasm from "@bokuweb/zstd-wasm";
import { createBLAKE3, createXXHash3 } from "hash-wasm";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { availableParallelism, cpus } from "node:os";
import process from "node:process";
import zlib from "node:zlib";
import { loadKernel } from "../wasm/codec.ts";
import { makeBlock, SHAPES } from "./codec_data.ts";

/** Sizes of block measured, in bytes. */
const SIZES = [4 << 10, 16 << 10, 64 << 10, 1 << 20];

/** Bytes that each candidate handles in a turn: long enough for the clock, short enough to take turns. */
const TURN_BYTES = 2 << 20;

/** How long each candidate runs before it is measured, in milliseconds. */
const WARM_UP_MS = 60;

/** One way to do an operation on a block, on the frame of it, or on it and an equal copy. */
type Candidate = (block: Uint8Array, frame: Uint8Array, copy: Uint8Array) => unknown;

/** An operation: ours first by name, its peers after it. */
interface Operation {
  readonly name: string;
  readonly ours: Candidate;
  readonly peers: ReadonlyMap<string, Candidate>;
}

/** A ratio of speeds, ours over the peer's, and ours and theirs in MiB/s. */
interface Row {
  readonly operation: string;
  readonly shape: string;
  readonly size: number;
  readonly peer: string;
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

// Long because: it is the table of what is measured, one entry an operation.
/** What is measured, against what. */
async function operations(): Promise<Operation[]> {
  const kernel = loadKernel();
  await zstdWasm.init();
  const hashWasmBlake3 = await createBLAKE3();
  const hashWasmXxh3 = await createXXHash3();
  const level = (value: number) => ({
    params: { [zlib.constants.ZSTD_c_compressionLevel]: value },
  });
  const [one, three] = [level(1), level(3)];
  // Node's stream makes a frame like ours, in one pass, only when it is told the size. Deno's
  // types do not know that option.
  const sized = (size: number) => ({ pledgedSrcSize: size, chunkSize: size + (size >> 7) + 1024 });
  const single = (block: Uint8Array, options: typeof one) =>
    zlib.zstdCompressSync(block, { ...options, ...sized(block.length) });
  const zeros = Buffer.alloc(4096);
  return [
    {
      name: "zstd-1",
      ours: (block) => kernel.compress(block, 1),
      peers: new Map<string, Candidate>([
        ["node:zlib", (block) => zlib.zstdCompressSync(block, one)],
        ["node:zlib, one pass", (block) => single(block, one)],
        ["@bokuweb/zstd-wasm", (block) => zstdWasm.compress(block, 1)],
      ]),
    },
    {
      name: "zstd-3",
      ours: (block) => kernel.compress(block, 3),
      peers: new Map<string, Candidate>([
        ["node:zlib", (block) => zlib.zstdCompressSync(block, three)],
        ["node:zlib, one pass", (block) => single(block, three)],
        ["@bokuweb/zstd-wasm", (block) => zstdWasm.compress(block, 3)],
      ]),
    },
    {
      name: "unzstd",
      ours: (block, frame) => kernel.decompress(frame, block.length),
      peers: new Map<string, Candidate>([
        ["node:zlib", (_, frame) => zlib.zstdDecompressSync(frame)],
        [
          "node:zlib, one pass",
          (block, frame) => zlib.zstdDecompressSync(frame, { chunkSize: block.length }),
        ],
        ["@bokuweb/zstd-wasm", (_, frame) => zstdWasm.decompress(frame)],
      ]),
    },
    {
      name: "BLAKE3",
      ours: (block) => kernel.digest(block),
      peers: new Map<string, Candidate>([
        ["hash-wasm", (block) => hashWasmBlake3.init().update(block).digest("binary")],
        ["node:crypto SHA-256", (block) => createHash("sha256").update(block).digest()],
      ]),
    },
    {
      name: "set digest of 4 KiB blocks",
      ours: (block) => kernel.setDigest(0, block, 4096),
      peers: new Map<string, Candidate>([["ours, BLAKE3 of all", (block) => kernel.digest(block)]]),
    },
    {
      name: "XXH3-64",
      ours: (block) => kernel.checksum(block),
      peers: new Map<string, Candidate>([
        ["hash-wasm", (block) => hashWasmXxh3.init().update(block).digest("binary")],
        ["node:zlib crc32", (block) => zlib.crc32(block)],
      ]),
    },
    {
      name: "zero blocks of 4 KiB",
      ours: (block) => kernel.zeroBlocks(block, 4096),
      peers: new Map<string, Candidate>([
        [
          "Buffer.compare",
          (block) => eachBlock(block, (at) => zeros.compare(block, at, at + 4096) === 0),
        ],
      ]),
    },
    {
      name: "differing blocks of 4 KiB",
      ours: (block, _, copy) => kernel.differingBlocks(block, copy, 4096),
      peers: new Map<string, Candidate>([
        [
          "Buffer.compare",
          (block, _, copy) =>
            eachBlock(
              block,
              (at) =>
                Buffer.compare(block.subarray(at, at + 4096), copy.subarray(at, at + 4096)) !== 0,
            ),
        ],
      ]),
    },
  ];
}

/** Marks the blocks of 4 KiB that `test` is true of. */
function eachBlock(bytes: Uint8Array, test: (at: number) => boolean): Uint8Array {
  const marks = new Uint8Array(bytes.length / 4096);
  for (let index = 0; index < marks.length; index++) marks[index] = test(index * 4096) ? 1 : 0;
  return marks;
}

/** A block and what candidates need besides. */
interface Sample {
  readonly block: Uint8Array;
  readonly frame: Uint8Array;
  readonly copy: Uint8Array;
}

/** Seconds that `candidate` takes for `count` blocks. */
function turn(candidate: Candidate, samples: readonly Sample[], count: number): number {
  const begin = performance.now();
  for (let index = 0; index < count; index++) {
    const { block, frame, copy } = samples[index % samples.length]!;
    candidate(block, frame, copy);
  }
  return (performance.now() - begin) / 1000;
}

/** Runs `work` for a while, until the compilers behind it have done their best. */
function warmUp(work: () => void): void {
  const end = performance.now() + WARM_UP_MS;
  while (performance.now() < end) work();
}

/** The value at `share` of a sorted list. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.round((sorted.length - 1) * share)]!;
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((left, right) => left - right);
}

/** Measures one operation on one shape and size against each peer. */
function measure(operation: Operation, shape: string, size: number, rounds: number): Row[] {
  const samples = Array.from({ length: 8 }, (_, seed) => {
    const block = makeBlock(shape, size, seed + 1);
    return { block, frame: loadKernel().compress(block, 1), copy: block.slice() };
  });
  const count = Math.max(2, Math.round(TURN_BYTES / size));
  const candidates = [operation.ours, ...operation.peers.values()];
  const seconds: number[][] = candidates.map(() => []);
  for (const candidate of candidates) warmUp(() => turn(candidate, samples, count));
  for (let round = 0; round < rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      seconds[index]!.push(turn(candidate, samples, count));
    }
  }
  const speed = (list: number[]) => (count * size) / (1 << 20) / quantile(sorted(list), 0.5);
  return [...operation.peers.keys()].map((peer, index) => {
    const theirs = seconds[index + 1]!;
    const ratios = sorted(seconds[0]!.map((ours, round) => theirs[round]! / ours));
    return {
      operation: operation.name,
      shape,
      size,
      peer,
      ours: speed(seconds[0]!),
      theirs: speed(theirs),
      ratio: quantile(ratios, 0.5),
      low: quantile(ratios, 0.25),
      high: quantile(ratios, 0.75),
    };
  });
}

/** The value after `name` on the command line. */
function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function printRow(row: Row): void {
  const cells = [
    row.operation.padEnd(27),
    row.shape.padEnd(7),
    `${row.size >> 10} KiB`.padStart(9),
    row.peer.padEnd(20),
    row.ours.toFixed(0).padStart(8),
    row.theirs.toFixed(0).padStart(8),
    `${row.ratio.toFixed(2)} (${row.low.toFixed(2)} to ${row.high.toFixed(2)})`.padStart(22),
  ];
  console.log(cells.join(" "));
}

async function main(): Promise<void> {
  const json = process.argv.includes("--json");
  const rounds = Number(option("--rounds") ?? 21);
  const only = option("--only") ?? "";
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError("--rounds takes a count");
  const machine = `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} threads`;
  if (!json) {
    console.log(`${machine}; ${rounds} rounds; MiB/s of content; ratio is ours over the peer's`);
    console.log(
      `${"operation".padEnd(27)} ${"data".padEnd(7)} ${"block".padStart(9)} ${"peer".padEnd(20)} ${
        "ours".padStart(8)
      } ${"theirs".padStart(8)} ${"median (quartiles)".padStart(22)}`,
    );
  }
  const rows: Row[] = [];
  for (const operation of await operations()) {
    if (!operation.name.includes(only)) continue;
    for (const shape of SHAPES) {
      for (const size of SIZES) {
        for (const row of measure(operation, shape, size, rounds)) {
          rows.push(row);
          if (!json) printRow(row);
        }
      }
    }
  }
  if (json) console.log(JSON.stringify({ machine, rounds, rows }));
}

await main();
