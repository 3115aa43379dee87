/**
 * Planted bugs: each is made on a copy of the engine and sought by the usual runs.
 *
 * A bug is a replacement of source text that must match exactly once; one that does not is an error, for
 * the text has moved on and the bug with it. A seed counts as a find only where the sound engine passes.
 *
 * @module
 */

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { PLANTS } from "../../test/planted/table.ts";
import type { Plant } from "../../test/planted/plant.ts";
import { runSeed } from "../../engine/sim/scenario/run.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { farm } from "./farm.ts";

const ROOT = new URL("../../", import.meta.url);
const CACHE = new URL(".cache/planted/", ROOT);

/** What became of one planted bug. */
export interface PlantResult {
  readonly id: string;
  readonly rule: string;
  /** Those expected. */
  readonly invariant: string;
  /** The invariant that fired; undefined when none of those expected did. */
  readonly found: string | undefined;
  readonly runs: number;
  readonly seconds: number;
  readonly seed: number | undefined;
  readonly message: string;
}

/** The source of `plant` with the bug in it; throws when a place is not there exactly once. */
export function plantedSource(plant: Plant, source: string): string {
  return [plant, ...plant.also ?? []].reduce((text, { before, after }) => {
    const parts = text.split(before);
    if (parts.length === 2) return parts.join(after);
    const count = parts.length - 1;
    throw new Error(
      `Planted bug "${plant.id}": its place in ${plant.file} is there ${count} times, not once`,
    );
  }, source);
}

/** Makes a copy of the engine with the bug in `folder`; returns its root. */
export function makeCopy(plant: Plant, folder: URL = CACHE): URL {
  const copy = new URL(`${plant.id}/`, folder);
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  const source = plantedSource(plant, readFileSync(new URL(plant.file, ROOT), "utf8"));
  for (const folder of ["engine/core", "engine/sim", "tools/prove", "wasm/pkg"]) {
    cpSync(new URL(folder, ROOT), new URL(folder, copy), { recursive: true });
  }
  for (const file of ["box.ts", "codec.ts", "hasher.ts", "kernel.ts", "memory.ts"]) {
    cpSync(new URL(`wasm/${file}`, ROOT), new URL(`wasm/${file}`, copy));
  }
  writeFileSync(new URL(plant.file, copy), source);
  return pathToFileURL(copy.pathname);
}

/** Seeks one bug with one worker. */
async function seek(plant: Plant, seed: number, runs: number, until: number): Promise<PlantResult> {
  const began = Date.now();
  const worker = new URL("tools/prove/worker.ts", makeCopy(plant));
  const expected: readonly string[] = plant.invariants;
  const head = { id: plant.id, rule: plant.rule, invariant: expected.join(" ") };
  let done = 0;
  let message = "";
  while (done < runs && Date.now() < until) {
    const from = seed + done;
    const harvest = await farm({ worker, seed: from, runs: runs - done, jobs: 1, until });
    const found = harvest.found;
    done = found === undefined ? done + harvest.runs : found.seed - seed + 1;
    if (found === undefined) break;
    message = `${found.violation.id}: ${found.violation.message.split("\n")[0]}`;
    const sound = runSeed(found.seed, loadKernel()).violation === undefined;
    if (sound && expected.includes(found.violation.id)) {
      const seconds = (Date.now() - began) / 1000;
      return { ...head, found: found.violation.id, runs: done, seconds, seed: found.seed, message };
    }
  }
  rmSync(new URL(`${plant.id}/`, CACHE), { recursive: true, force: true });
  const seconds = (Date.now() - began) / 1000;
  return { ...head, found: undefined, runs: done, seconds, seed: undefined, message };
}

/** Seeks every planted bug, `jobs` at a time. */
export async function seekAll(
  seed: number,
  runs: number,
  jobs: number,
  until: number,
  told: (result: PlantResult) => void,
): Promise<PlantResult[]> {
  const results: PlantResult[] = [];
  const queue = [...PLANTS];
  const one = async () => {
    for (let plant = queue.shift(); plant !== undefined; plant = queue.shift()) {
      const result = await seek(plant, seed, runs, until);
      results.push(result);
      told(result);
    }
  };
  await Promise.all(Array.from({ length: jobs }, one));
  rmSync(CACHE, { recursive: true, force: true });
  return results.sort((left, right) => left.id < right.id ? -1 : 1);
}
