/**
 * The thread of one drill on the server.
 *
 * Rule: it lives for one run and keeps nothing; to cancel it is to terminate it.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { loadKernel } from "../../wasm/codec.ts";
import { engineHash } from "../engine_hash.ts";
import { makeReport } from "../report/report.ts";
import { DrillSession } from "../run/session.ts";
import { readScenario } from "../scenario/read_scenario.ts";
import type { DrillJob, DrillMessage } from "./runs/drill_thread.ts";

/** Between two words about how far it is, ms. */
const PROGRESS_EVERY = 100;
/** Events between two looks at the clock. */
const SLICE = 2000;

self.onmessage = ({ data }: MessageEvent<DrillJob>) => {
  const read = readScenario(data.text);
  if (!read.ok) throw new Error("A text that is no scenario was to be run");
  const session = new DrillSession(read.scenario, loadKernel(), {
    seed: data.seed,
    engineHash: engineHash(),
    frames: false,
  });
  let said = 0;
  while (!session.over) {
    session.advance(SLICE);
    if (performance.now() - said < PROGRESS_EVERY) continue;
    said = performance.now();
    const { now, end, events } = session;
    post({ kind: "progress", progress: { now, end, events } });
  }
  post({ kind: "done", report: makeReport(session.recording()) });
};

function post(message: DrillMessage): void {
  self.postMessage(message);
}
