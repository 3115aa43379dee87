/**
 * A worker of `deno task prove`: runs seeds, speaks about twice a second, stops at the first violation.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { runSeed } from "../../engine/sim/scenario/run.ts";
import type { Violation } from "../../engine/sim/world.ts";
import { loadKernel } from "../../wasm/codec.ts";
import type { Order, Progress } from "./protocol.ts";

const SPEAK_EVERY = 500;

self.onmessage = (message: MessageEvent<Order>) => work(message.data);

function work(order: Order): void {
  const kernel = loadKernel();
  let tally = { runs: 0, events: 0, micros: 0 };
  let probes = new Map<string, number>();
  let spoke = Date.now();
  const speak = (found: Progress["found"], done: boolean) => {
    self.postMessage({ ...tally, found, done, probes } satisfies Progress);
    tally = { runs: 0, events: 0, micros: 0 };
    probes = new Map();
    spoke = Date.now();
  };
  for (let run = 0; run < order.runs && Date.now() < order.until; run++) {
    const seed = order.seed + run * order.stride;
    const result = attempt(seed, kernel);
    tally.runs++;
    tally.events += result.events;
    tally.micros += result.micros;
    for (const [name, count] of result.probes) probes.set(name, (probes.get(name) ?? 0) + count);
    if (result.violation !== undefined) {
      return speak({ seed, violation: result.violation }, true);
    }
    if (Date.now() - spoke > SPEAK_EVERY) speak(undefined, false);
  }
  speak(undefined, true);
}

/** A run that threw is a violation too: of the proof itself, or of an engine that breaks it. */
function attempt(seed: number, kernel: ReturnType<typeof loadKernel>) {
  try {
    return runSeed(seed, kernel);
  } catch (error) {
    const message = error instanceof Error ? error.stack ?? error.message : String(error);
    const violation: Violation = { id: "run-broke", message, time: 0 };
    return { violation, events: 0, micros: 0, probes: new Map<string, number>() };
  }
}
