/**
 * Plays a drill to its end in this thread, and says on the way how far it is.
 *
 * @module
 */

import { loadKernel } from "../../wasm/codec.ts";
import { engineHash } from "../engine_hash.ts";
import { instantText } from "../report/words.ts";
import type { Recording } from "../run/recording.ts";
import { DrillSession } from "../run/session.ts";
import type { DrillScenario } from "../scenario/drill_scenario.ts";
import type { Terminal } from "./terminal.ts";

/** Events between two looks at the clock. */
const SLICE = 2000;
/** ms between two lines of progress. */
const SAY_EVERY = 200;

/** A drill that was played. */
export interface Played {
  readonly recording: Recording;
  /** What it took, ms. */
  readonly took: number;
}

/** Plays `scenario` with `seed`. */
export function play(scenario: DrillScenario, seed: number, terminal: Terminal): Played {
  const started = performance.now();
  const options = { seed, engineHash: engineHash(), frames: false };
  const session = new DrillSession(scenario, loadKernel(), options);
  let said = started;
  while (!session.over) {
    session.advance(SLICE);
    const now = performance.now();
    if (!terminal.watched || now - said < SAY_EVERY) continue;
    said = now;
    terminal.err(`\r\x1b[K${progressText(scenario.name, session)}`);
  }
  if (terminal.watched) terminal.err("\r\x1b[K");
  return { recording: session.recording(), took: performance.now() - started };
}

function progressText(name: string, { now, end, events }: DrillSession): string {
  const where = now < end
    ? `${instantText(now)} of ${instantText(end)}`
    : "the script is over, the sites come to agree";
  return `${name}: ${where}, ${events} events`;
}
