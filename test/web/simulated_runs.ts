/**
 * Runs seeds of the simulated world and says what came out, for comparing one runtime with another.
 *
 * Rule: the same file runs in Deno and in a browser, so it uses the pure folders, the kernel and the
 * language alone.
 *
 * @module
 */

import { Prng } from "../../engine/sim/prng.ts";
import { runSeed } from "../../engine/sim/scenario/run.ts";
import { loadKernel, newKernel } from "../../wasm/codec.ts";
import { withoutBannedCalls } from "./banned_calls.ts";

/** What is compared of a run. */
export interface RunTrace {
  readonly seed: number;
  /** The rolling hash over every event. */
  readonly hash: string;
  readonly events: number;
  /** Simulated time, µs. */
  readonly micros: number;
  /** What was found wrong, "" for nothing: it too must be the same everywhere. */
  readonly violation: string;
}

/** Runs `seeds` in their order; with `banned`, a call of what differs between runtimes throws. */
export function traceSeeds(seeds: readonly number[], banned: boolean): RunTrace[] {
  const kernel = loadKernel();
  const traceAll = () =>
    seeds.map((seed): RunTrace => {
      const { hash, events, micros, violation } = runSeed(seed, kernel);
      const found = violation === undefined
        ? ""
        : `${violation.id} at ${violation.time}: ${violation.message}`;
      return { seed, hash, events, micros, violation: found };
    });
  return banned ? withoutBannedCalls(traceAll) : traceAll();
}

/** Every event of a seed's run as a line of text. */
export function traceLines(seed: number): readonly string[] {
  return runSeed(seed, loadKernel(), { keepTrace: true }).trace;
}

/** Lengths around the pieces and limits of the kernel. */
const LENGTHS = [0, 1, 512, 4096, 65_536, 256 * 1024 + 4096, 1024 * 1024];

/** Stands for the content of a frame that was refused. */
const REFUSED = new Uint8Array([0xff]);

/** What the kernel makes of a few buffers, one line for each, with every byte of every frame. */
export function kernelBytes(): string[] {
  const kernel = newKernel();
  const lines: string[] = [];
  for (const length of LENGTHS) {
    for (const [kind, bytes] of makeBuffers(length)) {
      const whole = bytes.subarray(0, length - length % 512);
      const frames = [kernel.compress(bytes, 1), kernel.compress(bytes, 3)];
      const results = [
        kernel.digest(bytes),
        kernel.setDigest(4096, whole, 512),
        kernel.blockDigests(whole.subarray(0, 4096), 512),
        kernel.zeroBlocks(whole, 512),
        ...frames.map((frame) => kernel.decompress(frame, length) ?? REFUSED)
          .map((content) => kernel.digest(content)),
        // Large frames by their digest, small ones as they are.
        ...frames.map((frame) => frame.length > 256 ? kernel.digest(frame) : frame),
      ];
      const sizes = frames.map((frame) => frame.length).join(" ");
      lines.push(`${kind} ${length} ${kernel.checksum(bytes)} ${sizes} ${results.map(hex)}`);
    }
  }
  return lines;
}

/** Random bytes, bytes that compress, and zeros with a little in them. */
function makeBuffers(length: number): [string, Uint8Array][] {
  const random = new Prng(length).bytes(length);
  const sparse = new Uint8Array(length);
  for (let at = 0; at < length; at += 3000) sparse[at] = random[at] as number;
  return [["random", random], ["words", random.map((byte) => 97 + byte % 7)], ["sparse", sparse]];
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
