/**
 * The worker that plays one drill with many seeds, one behind the other, and tells what came of each.
 *
 * @module
 */

import { makeReport } from "../../lab/report/report.ts";
import { runDrill } from "../../lab/run/session.ts";
import { loadKernel } from "../../wasm/codec.ts";
import type { CampaignMessage, CampaignOrder } from "./messages.ts";

function play({ scenario, seeds, engineHash }: CampaignOrder): void {
  const kernel = loadKernel();
  for (const seed of seeds) {
    try {
      const recording = runDrill(scenario, kernel, { seed, engineHash, frames: false });
      tell({ kind: "report", seed, report: makeReport(recording) });
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
