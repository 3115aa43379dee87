/**
 * A run as the page knows it: what its worker has told so far, and in the end its recording and report.
 *
 * @module
 */

import { signal } from "@preact/signals";
import type { DrillReport } from "../../lab/report/drill_report.ts";
import type { Frame, Note, Recording } from "../../lab/run/recording.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";
import { Watch } from "./watch.ts";
import type { DrillMessage, DrillOrder } from "../worker/messages.ts";

/** What came of a run. */
export interface Outcome {
  readonly recording: Recording;
  readonly report: DrillReport;
}

/** What a run plays. */
export interface RunSource {
  /** The text that it was read from. */
  readonly text: string;
  readonly scenario: DrillScenario;
  readonly seed: number;
}

/** A run with a worker of its own. */
export class Run {
  readonly source: RunSource;
  /** Both grow; `known` says when. */
  readonly notes: Note[] = [];
  readonly frames: Frame[] = [];
  /** World time up to which it is known, µs: its script at most. How everything heals behind that is for its judges. */
  readonly known = signal(0);
  readonly events = signal(0);
  /** Events a second. */
  readonly rate = signal(0);
  readonly outcome = signal<Outcome | undefined>(undefined);
  /** Why there will be no outcome; "" as long as there may be one. */
  readonly failure = signal("");
  /** Nothing comes from its worker any more; it may still speak again. */
  readonly silent = signal(false);
  readonly #worker: Worker;
  readonly #watch: Watch;
  /** What was told of the link last. */
  #link: "connected" | "disconnected" | "" = "";

  /** Starts it in a worker. */
  constructor(source: RunSource, engineHash: string) {
    this.source = source;
    this.#worker = new Worker(new URL("./drill_worker.js", import.meta.url), { type: "module" });
    this.#watch = new Watch((isSilent) => {
      this.silent.value = isSilent;
    });
    this.#worker.onmessage = (event: MessageEvent<DrillMessage>) => this.#hear(event.data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message ?? "it could not be loaded");
    };
    this.#worker.onmessageerror = () => this.#fail("what it said could not be read");
    const { scenario, seed } = source;
    this.#worker.postMessage({ scenario, seed, engineHash } satisfies DrillOrder);
  }

  /** When the script is over, µs. */
  get end(): number {
    return this.source.scenario.end;
  }

  /** Ends its worker; what it has told stays. */
  stop(): void {
    this.#watch.stop();
    this.#worker.terminate();
  }

  #hear(message: DrillMessage): void {
    this.#watch.hear();
    if (message.kind === "failed") return this.#fail(message.message);
    if (message.kind === "done") {
      const { recording, report } = message;
      this.known.value = Math.min(recording.ended, this.end);
      this.outcome.value = { report, recording: { ...recording, notes: [...this.notes] } };
      return this.stop();
    }
    for (const note of message.notes) this.#note(note);
    for (const frame of message.frames) this.frames.push(frame);
    this.events.value = message.events;
    this.rate.value = message.rate;
    this.known.value = Math.min(message.now, this.end);
  }

  /** Keeps what was noted before the script was over; of a link, which both of its ends tell of, once. */
  #note(note: Note): void {
    if (note.at >= this.end) return;
    if (note.kind === "link") {
      if (note.what === this.#link) return;
      this.#link = note.what;
    }
    this.notes.push(note);
  }

  #fail(message: string): void {
    this.failure.value = message;
    this.stop();
  }
}
