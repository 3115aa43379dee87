/**
 * A worker that lets a workload of the simulator run and says how long that took, in Deno or in a browser.
 *
 * @module
 */

import { loadKernel } from "../wasm/codec.ts";
import { type Measured, playWorkload, type WorkloadName } from "./sim_workloads.ts";

/** What it is asked for. */
export interface SpeedOrder {
  readonly workload: WorkloadName;
  /** World time, µs. */
  readonly micros: number;
}

/** What it answers; an error crosses as text. */
export type SpeedAnswer = (Measured & { readonly seconds: number }) | { readonly error: string };

/** The two things of a worker's scope that are used; the type-checker takes this for a page. */
const scope = globalThis as unknown as {
  onmessage: (event: { readonly data: SpeedOrder }) => void;
  postMessage(message: SpeedAnswer): void;
};

scope.onmessage = ({ data: { workload, micros } }) => {
  try {
    const kernel = loadKernel();
    const began = performance.now();
    const measured = playWorkload(workload, micros, kernel);
    scope.postMessage({ ...measured, seconds: (performance.now() - began) / 1000 });
  } catch (error) {
    scope.postMessage({ error: error instanceof Error ? `${error.stack}` : String(error) });
  }
};
