/**
 * What pages and their workers tell each other: plain data that can be sent to another thread.
 *
 * @module
 */

import type { DrillReport } from "../../lab/report/drill_report.ts";
import type { Frame, Note, Recording } from "../../lab/run/recording.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";

/** Plays one drill from its beginning to its end. */
export interface DrillOrder {
  readonly scenario: DrillScenario;
  readonly seed: number;
  readonly engineHash: string;
}

/** What a drill's worker says. */
export type DrillMessage =
  | DrillProgress
  | { readonly kind: "done"; readonly recording: Recording; readonly report: DrillReport }
  | { readonly kind: "failed"; readonly message: string };

/** How far a drill is, and what happened since the message before. */
export interface DrillProgress {
  readonly kind: "progress";
  readonly notes: readonly Note[];
  readonly frames: readonly Frame[];
  /** World time, µs. */
  readonly now: number;
  readonly events: number;
  /** Events a second of this worker's time. */
  readonly rate: number;
}

/** Plays one drill with each of these seeds. */
export interface CampaignOrder {
  readonly scenario: DrillScenario;
  readonly seeds: readonly number[];
  readonly engineHash: string;
}

/** What a campaign's worker says: one message for each seed, and each second that it is at work. */
export type CampaignMessage =
  | { readonly kind: "busy" }
  | { readonly kind: "report"; readonly seed: number; readonly report: DrillReport }
  | { readonly kind: "failed"; readonly seed: number; readonly message: string };
