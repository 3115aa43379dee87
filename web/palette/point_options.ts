/**
 * Recovery points to choose from, as a script can name them before they are made: by their age, or by what they are from
 * before.
 *
 * @module
 */

import type { JsonObject } from "../../engine/core/base/json.ts";
import { instantText } from "../../lab/report/words.ts";
import type { PointFrame } from "../../lab/run/recording.ts";
import type { DrillScenario, Step } from "../../lab/scenario/drill_scenario.ts";

/** What is known of a point. */
export type PointChoice = Pick<PointFrame, "cut" | "state">;

/** Older points that are offered. */
const OLDER_MAX = 24;
const BEFORE = "before ";

/** The newest one, older ones as they are at this moment, and those from before steps of the script. */
export function pointOptions({ script }: DrillScenario, points: readonly PointChoice[]) {
  const sound = points.filter(({ state }) => state !== "broken").toReversed();
  return [
    { value: "", label: `the newest${sound[0] === undefined ? "" : `, ${ofTime(sound[0])}`}` },
    ...sound.slice(1, 1 + OLDER_MAX).map((point, index) => ({
      value: String(index + 1),
      label: `the newest but ${index + 1}, ${ofTime(point)}`,
    })),
    ...script.map((step) => ({
      value: BEFORE + step.id,
      label: `the newest from before ${stepName(step)}`,
    })),
  ];
}

function ofTime({ cut }: PointChoice): string {
  return `of ${instantText(cut)}`;
}

function stepName(step: Step): string {
  const what = step.kind === "fault" ? step.fault : step.kind === "verb" ? step.verb : step.guest;
  return /^\d+$/.test(step.id) ? `step ${step.id}, ${what}` : `${step.id}, ${what}`;
}

/** How a script names a point that was chosen. */
export function pointWritten(chosen: string): string | JsonObject {
  if (chosen.startsWith(BEFORE)) return { before: chosen.slice(BEFORE.length) };
  return chosen === "" ? "newest" : { newest: Number(chosen) };
}
