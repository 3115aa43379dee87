/**
 * What a click does: a fault or an administrator's verb at the moment of the playhead, as one more line of the script.
 *
 * @module
 */

import type { JsonObject } from "../../engine/core/base/json.ts";
import type { StepProblem } from "../../lab/scenario/check_step.ts";
import { appendStep } from "../../lab/scenario/edit_script.ts";
import { quantityText } from "../../lab/scenario/quantities.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";
import { changeText, frame, newestRun, problems, scenario, text } from "../state/drill.ts";
import { spoken, tell } from "../state/notices.ts";
import { ABOUT, followStep } from "./added_step.ts";
import { playhead } from "../state/playback.ts";

/** What a step says besides its moment, as the script writes it. */
export type Act = JsonObject;

/** Whole milliseconds: what happens a moment later is the same to people, and reads better. */
const GRAIN = 1000;

/** The moment of the playhead as the script writes it; no script goes on behind its end. */
export function momentOf(time: number, end: number): string {
  const whole = Math.ceil(time / GRAIN) * GRAIN;
  return quantityText("time", Math.max(0, Math.min(whole, end - GRAIN)));
}

/** What the language says against a step, were it added now. It comes with the language, which is loaded by itself. */
export async function checkAct(what: Act): Promise<readonly StepProblem[]> {
  const read = scenario.value;
  if (read === undefined) return [];
  const at = momentOf(playhead.value, read.end);
  try {
    const { stepProblems } = await import("../../lab/scenario/check_step.ts");
    return stepProblems(read, { at, ...what });
  } catch {
    // A part of the page could not be loaded. What is wrong is told at the line then, once it is in the script.
    return [];
  }
}

/** Adds a step at the playhead, and runs the script with it. */
export async function act(what: Act): Promise<void> {
  const { end } = scenario.value ?? { end: 0 };
  if (problems.value.length > 0 || end === 0) {
    tell({
      about: ABOUT,
      kind: "error",
      text:
        "The script has mistakes, so nothing was added to it. Mend the lines that are marked, then try again.",
    });
    return;
  }
  const at = momentOf(playhead.value, end);
  const changed = appendStep(text.value, { at, ...what });
  const name = Object.values(what).map(spelt).join(" ");
  spoken.value = `Added at ${at}: ${name}`;
  await changeText(changed);
  const [run, step] = [newestRun.value, scenario.value?.script.at(-1)];
  if (run?.source.text === changed && step !== undefined) {
    followStep(run, step.id, `“${name}” at ${at}`);
  }
}

function spelt(value: unknown): string {
  return typeof value === "object" ? Object.entries(value ?? {}).flat().join(" ") : String(value);
}

/** The machine that verbs are about when nobody chose one. */
export function firstMachine(scenario: DrillScenario | undefined): string {
  return scenario?.world.machines[0]?.name ?? "";
}

/** The site where the first machine is the primary's at the playhead, or where it began. */
export function homeSite(scenario: DrillScenario | undefined, vm: string): string {
  const home = frame.value?.machines.find((machine) => machine.vm === vm)?.home;
  return home ?? scenario?.world.sites[0].name ?? "";
}
