/**
 * The worker that plays one drill with many seeds, one behind the other, and tells what came of each.
 *
 * @module
 */

import { makeReport } from "../../lab/report/report.ts";
import { DrillSession } from "../../lab/run/session.ts";
import { loadKernel } from "../../wasm/codec.ts";
import type { CampaignMessage, CampaignOrder } from "./messages.ts";

/** How often the page hears that this is at work, ms. */
const TELL_EVERY = 1000;
/** Events between two looks at the clock. */
const CHUNK = 4096;

function play({ scenario, seeds, engineHash }: CampaignOrder): void {
  const kernel = loadKernel();
  for (const seed of seeds) {
    try {
      const session = new DrillSession(scenario, kernel, { seed, engineHash, frames: false });
      let told = performance.now();
      while (!session.over) {
        session.advance(CHUNK);
        if (performance.now() - told < TELL_EVERY) continue;
        told = performance.now();
        tell({ kind: "busy" });
      }
      tell({ kind: "report", seed, report: makeReport(session.recording()) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      tell({ kind: "failed", seed, message });
    }
  }
}

function tell(message: CampaignMessage): void {
  globalThis.postMessage(message);
}

globalThis.addEventListener("message", (event: MessageEvent<CampaignOrder>) => play(event.data));
