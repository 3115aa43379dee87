/**
 * A campaign: the same drill with many seeds, on all cores, filling in while it runs.
 *
 * Rule: what it comes to belongs to the text that it was read from, whatever becomes of the script meanwhile.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { Campaign, type CampaignSummary } from "../../lab/campaign/campaign.ts";
import { seedResult } from "../../lab/campaign/seed_result.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";
import type { CampaignMessage, CampaignOrder } from "../worker/messages.ts";

/** Seeds that a worker is given at once: few, so that all cores are done at about the same time. */
const SHARE = 4;
/** Between two drawings, ms. */
const DRAW_EVERY = 200;

/** What a campaign plays. */
export interface CampaignSource {
  /** The text that it was read from. */
  readonly text: string;
  readonly scenario: DrillScenario;
}

/** What it plays, or played. */
export const source = signal<CampaignSource | undefined>(undefined);
/** What a campaign came to so far. */
export const summary = signal<CampaignSummary | undefined>(undefined);
/** Seeds that it was asked for. */
export const wanted = signal(0);
/** It is at work. */
export const running = signal(false);

let workers: Worker[] = [];

/** Stops the campaign; what came of it so far stays. */
export function stopCampaign(): void {
  for (const worker of workers) worker.terminate();
  workers = [];
  running.value = false;
}

/** Starts one with `count` seeds from `first` on. */
export function startCampaign(
  played: CampaignSource,
  first: number,
  count: number,
  engineHash: string,
): void {
  stopCampaign();
  const { scenario } = played;
  source.value = played;
  wanted.value = count;
  running.value = true;
  const campaign = new Campaign();
  summary.value = campaign.summary();
  const seeds = Array.from({ length: count }, (_, index) => first + index);
  const cores = Math.max(1, Math.min(navigator.hardwareConcurrency || 2, 16));
  const draw = drawer(campaign);
  const waiting = new Set(seeds);
  for (let index = 0; index < Math.min(cores, Math.ceil(count / SHARE)); index++) {
    const worker = new Worker(new URL("./campaign_worker.js", import.meta.url), { type: "module" });
    workers.push(worker);
    const share: Set<number> = new Set();
    const more = () => {
      for (const seed of seeds.splice(0, SHARE)) share.add(seed);
      const order: CampaignOrder = { scenario, seeds: [...share], engineHash };
      if (share.size > 0) worker.postMessage(order);
      else worker.terminate();
    };
    const done = (seed: number) => {
      share.delete(seed);
      waiting.delete(seed);
      if (share.size === 0) more();
      if (waiting.size === 0) stopCampaign();
      draw();
    };
    worker.onmessage = ({ data }: MessageEvent<CampaignMessage>) => {
      if (data.kind === "report") campaign.add(seedResult(data.report));
      else campaign.addBroken(data.seed, data.message);
      done(data.seed);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      // Its seeds are lost with it; the others go on.
      const why = `its worker ended: ${event.message ?? "it could not be loaded"}`;
      for (const seed of [...share]) {
        campaign.addBroken(seed, why);
        share.delete(seed);
        waiting.delete(seed);
      }
      worker.terminate();
      workers = workers.filter((each) => each !== worker);
      if (workers.length === 0) {
        for (const seed of seeds.splice(0)) campaign.addBroken(seed, why);
        running.value = false;
      }
      draw();
    };
    more();
  }
}

/** Shows what the campaign came to, now and then while it runs and at once at its end. */
function drawer(campaign: Campaign): () => void {
  let due: ReturnType<typeof setTimeout> | undefined;
  const draw = () => {
    due = undefined;
    summary.value = campaign.summary();
  };
  return () => {
    if (!running.value) {
      clearTimeout(due);
      draw();
    } else due ??= setTimeout(draw, DRAW_EVERY);
  };
}
