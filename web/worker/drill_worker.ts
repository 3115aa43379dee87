/**
 * The worker that plays a drill in slices of some milliseconds, as fast as its core can, and tells how far it is.
 *
 * Rule: the clock is looked at between slices alone, never by what is played, so a drill runs the same at any speed.
 *
 * @module
 */

import { makeReport } from "../../lab/report/report.ts";
import { DrillSession } from "../../lab/run/session.ts";
import { loadKernel } from "../../wasm/codec.ts";
import type { DrillMessage, DrillOrder } from "./messages.ts";

/** How long a slice takes, ms. */
const SLICE = 10;
/** How often the page is told, ms: more often than it draws would be lost work. */
const TELL_EVERY = 60;
/** Events between two looks at the clock. */
const CHUNK = 256;

/** The drill at work, and what there is to tell of it. */
class Player {
  readonly #session: DrillSession;
  readonly #turn = new MessageChannel();
  /** Time spent in slices, ms. */
  #worked = 0;
  #told = -Infinity;

  constructor({ scenario, seed, engineHash }: DrillOrder) {
    this.#session = new DrillSession(scenario, loadKernel(), { seed, engineHash });
    // A message to itself lets others in between, at once; a timer would wait for 4 ms each time.
    this.#turn.port1.onmessage = () => guarded(() => this.play());
  }

  /** One slice, and the next one behind it. */
  play(): void {
    const session = this.#session;
    const begun = performance.now();
    let now = begun;
    while (!session.over && now - begun < SLICE) {
      session.advance(CHUNK);
      now = performance.now();
    }
    this.#worked += now - begun;
    if (session.over || now - this.#told >= TELL_EVERY) this.#tell(now);
    if (!session.over) return this.#turn.port2.postMessage(null);
    this.#turn.port1.close();
    const recording = session.recording();
    tell({ kind: "done", recording, report: makeReport(recording) });
  }

  #tell(at: number): void {
    const { now, events } = this.#session;
    this.#told = at;
    tell({
      kind: "progress",
      notes: this.#session.takeNotes(),
      frames: this.#session.takeFrames(),
      now,
      events,
      rate: Math.round(events / Math.max(this.#worked, 1) * 1000),
    });
  }
}

function tell(message: DrillMessage): void {
  globalThis.postMessage(message);
}

/** What is thrown here is a bug of ours; the page says so, and offers to play again. */
function guarded(work: () => void): void {
  try {
    work();
  } catch (error) {
    tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}

globalThis.addEventListener("message", (event: MessageEvent<DrillOrder>) => {
  guarded(() => new Player(event.data).play());
});
