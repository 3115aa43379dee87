/**
 * Workers side by side, until all are done or one has found something.
 *
 * @module
 */

import type { Order, Progress } from "./protocol.ts";

/** What all workers did together. */
export interface Harvest {
  runs: number;
  events: number;
  micros: number;
  /** What was found at the lowest seed. */
  found: Progress["found"];
  readonly probes: Map<string, number>;
}

/** How a farm is run. */
export interface FarmOptions {
  /** The worker's module. */
  readonly worker: URL;
  readonly seed: number;
  readonly runs: number;
  readonly jobs: number;
  /** ms since 1970. */
  readonly until: number;
  /** Told after every message of a worker. */
  readonly progress?: (harvest: Harvest) => void;
}

/** Runs seeds on `jobs` workers. */
export async function farm(options: FarmOptions): Promise<Harvest> {
  const { worker, seed, runs, jobs, until, progress } = options;
  const harvest: Harvest = { runs: 0, events: 0, micros: 0, found: undefined, probes: new Map() };
  const workers: Worker[] = [];
  const one = (job: number) =>
    new Promise<void>((resolve, reject) => {
      const made = new Worker(worker, { type: "module" });
      workers.push(made);
      made.onmessage = ({ data }: MessageEvent<Progress>) => {
        harvest.runs += data.runs;
        harvest.events += data.events;
        harvest.micros += data.micros;
        for (const [name, count] of data.probes) {
          harvest.probes.set(name, (harvest.probes.get(name) ?? 0) + count);
        }
        if (data.found !== undefined && data.found.seed < (harvest.found?.seed ?? Infinity)) {
          harvest.found = data.found;
        }
        progress?.(harvest);
        if (data.done) resolve();
      };
      made.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      const share = Math.ceil((runs - job) / jobs);
      made.postMessage({ seed: seed + job, stride: jobs, runs: share, until } satisfies Order);
    });
  const all = Promise.all(Array.from({ length: jobs }, (_, job) => one(job)));
  let timer: ReturnType<typeof setInterval> | undefined;
  /** Settles soon after something was found: the others need not go on. */
  const firstFound = new Promise<void>((resolve) => {
    timer = setInterval(() => harvest.found !== undefined && resolve(), 200);
  });
  try {
    await (jobs === 1 ? all : Promise.race([all, firstFound]));
  } finally {
    clearInterval(timer);
    for (const each of workers) each.terminate();
  }
  return harvest;
}
