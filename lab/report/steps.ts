/**
 * The script, step by step: what was planned, what came of it, and what was never executed.
 *
 * @module
 */

import type { Recording } from "../run/recording.ts";
import type { Step } from "../scenario/drill_scenario.ts";
import type { StepRow } from "./drill_report.ts";
import { bytesText, durationText, instantText } from "./words.ts";

/** A step in the words of its script. */
export function stepText(step: Step): string {
  switch (step.kind) {
    case "fault": {
      const lasts = step.for > 0 ? ` for ${durationText(step.for)}` : "";
      return `${step.fault} on ${step.on}${lasts}`;
    }
    case "verb": {
      const words = [step.verb, step.vm, step.on === "" ? "" : `at ${step.on}`];
      return words.filter((word) => word !== "").join(" ");
    }
    case "guest": {
      const size = step.length > 0 ? ` ${bytesText(step.length)} of disk ${step.disk}` : "";
      return `guest of ${step.vm}: ${step.guest}${size}`;
    }
  }
}

/** When a step begins, in words. */
export function whenText({ when }: Step): string {
  if ("at" in when) return instantText(when.at);
  return when.wait > 0 ? `${durationText(when.wait)} after ${when.after}` : `after ${when.after}`;
}

/** Every step, in the order of the script. */
export function stepRows({ scenario, notes }: Recording): StepRow[] {
  const phases = new Map<string, Seen>();
  for (const note of notes) {
    if (note.kind !== "step" || note.step === undefined) continue;
    const { begun = null, last } = phases.get(note.step) ?? {};
    const { at, phase, code = "", why = "" } = note;
    if (phase === "begun") phases.set(note.step, { begun: begun ?? at, last });
    else phases.set(note.step, { begun, last: { at, phase, code, why } });
  }
  return scenario.script.map((step) => {
    const { begun = null, last } = phases.get(step.id) ?? {};
    return {
      id: step.id,
      line: step.line,
      what: stepText(step),
      planned: whenText(step),
      plannedAt: "at" in step.when ? step.when.at : null,
      began: begun,
      ended: last?.at ?? null,
      result: last === undefined ? begun === null ? "not-reached" : "unfinished" : last.phase,
      code: last?.code ?? "",
      why: last?.why ?? whyNot(step, begun),
    };
  });
}

/** What notes say of one step. */
interface Seen {
  readonly begun: number | null;
  readonly last: {
    readonly at: number;
    readonly phase: "done" | "failed" | "skipped";
    readonly code: string;
    readonly why: string;
  } | undefined;
}

function whyNot({ when }: Step, begun: number | null): string {
  if (begun !== null) return "";
  return "after" in when
    ? `${when.after} did not occur before the drill was over`
    : "the drill was over before";
}
