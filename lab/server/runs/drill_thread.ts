/**
 * One drill in a thread of its own: progress while it goes, its report, or why there is none.
 *
 * @module
 */

import type { DrillReport } from "../../report/drill_report.ts";

/** What a thread is told. */
export interface DrillJob {
  readonly text: string;
  readonly seed: number;
}

/** How far a run is. */
export interface Progress {
  /** µs of world time, and when the script is over; what follows is the world coming to agree. */
  readonly now: number;
  readonly end: number;
  /** Events of the world so far. */
  readonly events: number;
}

/** What a thread says. */
export type DrillMessage =
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "done"; readonly report: DrillReport };

/** Who is told. Once `done` or `failed` was called, nothing follows. */
export interface DrillListener {
  progress(progress: Progress): void;
  done(report: DrillReport): void;
  failed(message: string): void;
}

/** Begins one; the function that is returned stops it at once. */
export type StartDrill = (job: DrillJob, listener: DrillListener) => () => void;

/** Begins a drill in a worker. */
export const startDrillThread: StartDrill = (job, listener) => {
  const worker = new Worker(new URL("../run_worker.ts", import.meta.url), { type: "module" });
  const stop = () => {
    worker.onmessage = worker.onerror = null;
    worker.terminate();
  };
  worker.onmessage = ({ data }: MessageEvent<DrillMessage>) => {
    if (data.kind === "progress") return listener.progress(data.progress);
    stop();
    listener.done(data.report);
  };
  worker.onerror = (event) => {
    // Else it would end this process too.
    event.preventDefault();
    stop();
    listener.failed(event.message);
  };
  worker.postMessage(job);
  return stop;
};
