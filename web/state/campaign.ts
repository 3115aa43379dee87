/**
 * A campaign: the same drill with many seeds, on all cores, filling in while it runs.
 *
 * Rule: what it comes to belongs to the text that it was read from, whatever becomes of the script meanwhile.
 *
 * @module
 */

import { batch, signal } from "@preact/signals";
import { Campaign, type CampaignSummary } from "../../lab/campaign/campaign.ts";
import { seedResult } from "../../lab/campaign/seed_result.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";
import { SILENCE_MAX } from "./silence.ts";
import { Watch } from "./watch.ts";
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
/** Seeds of which is known what became of them, those that could not be run to their end among them. */
export const over = signal(0);
/** It is at work. */
export const running = signal(false);

/** What a campaign is asked for. */
interface Asked {
  readonly played: CampaignSource;
  readonly first: number;
  readonly count: number;
  readonly engineHash: string;
}

let crew: Crew | undefined;
let last: Asked | undefined;

/** Stops the campaign; what came of it so far stays. */
export function stopCampaign(): void {
  crew?.stop();
  crew = undefined;
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
  last = { played, first, count, engineHash };
  batch(() => {
    source.value = played;
    wanted.value = count;
    running.value = true;
    crew = new Crew(last!);
    crew.draw();
  });
}

/** Starts the last one once more, from its first seed on. */
export function startCampaignAgain(): void {
  if (last === undefined) return;
  const { played, first, count, engineHash } = last;
  startCampaign(played, first, count, engineHash);
}

/** The workers of a campaign, and the seeds that nobody has taken yet. */
class Crew {
  readonly #campaign = new Campaign();
  readonly #asked: Asked;
  readonly #seeds: number[];
  readonly #hands = new Set<Hand>();
  #over = 0;
  #due: ReturnType<typeof setTimeout> | undefined;

  constructor(asked: Asked) {
    const { first, count } = asked;
    this.#asked = asked;
    this.#seeds = Array.from({ length: count }, (_, index) => first + index);
    const cores = Math.max(1, Math.min(navigator.hardwareConcurrency || 2, 16));
    for (let index = 0; index < Math.min(cores, Math.ceil(count / SHARE)); index++) {
      this.#hands.add(new Hand(this));
    }
    for (const hand of this.#hands) this.#give(hand);
  }

  /** Ends all workers. */
  stop(): void {
    for (const hand of this.#hands) hand.end();
    clearTimeout(this.#due);
  }

  /** Shows what came of it so far. */
  draw(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
    batch(() => {
      summary.value = this.#campaign.summary();
      over.value = this.#over;
    });
  }

  /** A worker knows what became of a seed. */
  played(hand: Hand, message: Exclude<CampaignMessage, { readonly kind: "busy" }>): void {
    this.#over++;
    if (message.kind === "report") this.#campaign.add(seedResult(message.report));
    else this.#campaign.addBroken(message.seed, message.message);
    if (hand.share.size === 0) this.#give(hand);
    this.#drawSoon();
  }

  /** A worker is gone. Its seeds are lost with it; the others go on. */
  lost(hand: Hand, why: string): void {
    this.#break([...hand.share], why);
    this.#leave(hand);
    if (this.#hands.size === 0) this.#break(this.#seeds.splice(0), why);
    this.#drawSoon();
  }

  #give(hand: Hand): void {
    const seeds = this.#seeds.splice(0, SHARE);
    if (seeds.length === 0) return this.#leave(hand);
    const { played: { scenario }, engineHash } = this.#asked;
    hand.play({ scenario, seeds, engineHash });
  }

  #leave(hand: Hand): void {
    hand.end();
    this.#hands.delete(hand);
    if (this.#hands.size === 0) running.value = false;
  }

  #break(seeds: readonly number[], why: string): void {
    for (const seed of seeds) this.#campaign.addBroken(seed, why);
    this.#over += seeds.length;
  }

  /** Now and then while it runs, and at once at its end. */
  #drawSoon(): void {
    if (running.value) this.#due ??= setTimeout(() => this.draw(), DRAW_EVERY);
    else this.draw();
  }
}

/** One worker of a campaign. */
class Hand {
  /** Seeds that it was given, and of which nothing is known yet. */
  readonly share = new Set<number>();
  readonly #worker: Worker;
  readonly #watch: Watch;

  constructor(crew: Crew) {
    this.#worker = new Worker(new URL("./campaign_worker.js", import.meta.url), { type: "module" });
    this.#watch = new Watch((isSilent) => {
      const seconds = SILENCE_MAX / 1000;
      if (isSilent) {
        crew.lost(this, `nothing came from its worker for ${seconds} s: it ended, or is stuck`);
      }
    });
    this.#worker.onmessage = ({ data }: MessageEvent<CampaignMessage>) => {
      this.#watch.hear();
      if (data.kind === "busy") return;
      this.share.delete(data.seed);
      crew.played(this, data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      crew.lost(this, `its worker ended: ${event.message ?? "it could not be loaded"}`);
    };
  }

  /** Has it play these seeds. */
  play(order: CampaignOrder): void {
    for (const seed of order.seeds) this.share.add(seed);
    this.#worker.postMessage(order);
  }

  /** Ends it. */
  end(): void {
    this.#watch.stop();
    this.#worker.terminate();
  }
}
