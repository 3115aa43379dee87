/**
 * The script, step by step: what was planned, what came of it, and what was never executed.
 *
 * @module
 */

import type { Json } from "../../engine/core/base/json.ts";
import type { Recording } from "../run/recording.ts";
import { writtenStep } from "../scenario/canonical_scenario.ts";
import type { Step } from "../scenario/drill_scenario.ts";
import type { StepRow } from "./drill_report.ts";
import { durationText, instantText, listText } from "./words.ts";

/** What a step says at its beginning; everything else of it is how it is done. */
const SAID: ReadonlySet<string> = new Set(
  ["id", "at", "after", "wait", "fault", "do", "guest", "vm", "on", "for"],
);

/** A step in the words of its script, with what it was given. */
export function stepText(step: Step): string {
  const given = givenText(step);
  switch (step.kind) {
    case "fault": {
      const lasts = step.for > 0 ? ` for ${durationText(step.for)}` : "";
      return `${step.fault} on ${step.on}${given}${lasts}`;
    }
    case "verb": {
      const words = [step.verb, step.vm, step.on === "" ? "" : `at ${step.on}`];
      return `${words.filter((word) => word !== "").join(" ")}${given}`;
    }
    case "guest":
      return `guest of ${step.vm}: ${step.guest}${given}`;
  }
}

/** What else is said of a step, in brackets: `(way back)`, `(point before infected)`. */
function givenText(step: Step): string {
  const words = Object.entries(writtenStep(step))
    .filter(([name, value]) => !SAID.has(name) && value !== undefined)
    .map(([name, value]) => givenWords(name, value as Json)).filter((text) => text !== "");
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}

function givenWords(name: string, value: Json): string {
  if (typeof value === "boolean") return value ? name : "";
  return `${name} ${plainText(value)}`;
}

/** A value as it is said: the members of an object with their names. */
function plainText(value: Json): string {
  if (Array.isArray(value)) return listText(value.map(plainText));
  if (value === null || typeof value !== "object") return String(value);
  return listText(
    Object.entries(value).map(([name, each]) => `${name} ${plainText(each as Json)}`),
  );
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
