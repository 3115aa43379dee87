/**
 * The worker that runs seeds, in Deno and in a browser: one order in, one answer out.
 *
 * @module
 */

import { kernelBytes, type RunTrace, traceLines, traceSeeds } from "./simulated_runs.ts";

/** What a worker is asked for. */
export type Order =
  | { readonly what: "traces"; readonly seeds: readonly number[]; readonly banned: boolean }
  | { readonly what: "lines"; readonly seed: number }
  | { readonly what: "kernel" };

/** What it answers; an error crosses as text. */
export type Answer =
  | { readonly traces: readonly RunTrace[] }
  | { readonly lines: readonly string[] }
  | { readonly error: string };

function answer(order: Order): Answer {
  try {
    if (order.what === "traces") return { traces: traceSeeds(order.seeds, order.banned) };
    return { lines: order.what === "lines" ? traceLines(order.seed) : kernelBytes() };
  } catch (error) {
    return { error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) };
  }
}

/** The two things of a worker's scope that are used; the type-checker takes this for a page. */
const scope = globalThis as unknown as {
  onmessage: (event: { readonly data: Order }) => void;
  postMessage(message: Answer): void;
};

scope.onmessage = (event) => scope.postMessage(answer(event.data));
