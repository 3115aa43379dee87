/**
 * Rates and notes as people read them.
 *
 * @module
 */

import { FAULTS } from "../../engine/sim/faults/registry.ts";
import { durationText } from "../../lab/report/words.ts";
import type { Note, ToldFailure } from "../../lab/run/recording.ts";

/** Bytes a second, as a link is measured: `12 Mbit/s`. */
export function rateText(bytes: number): string {
  const names = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];
  let [value, index] = [bytes * 8, 0];
  while (value >= 999.5 && index < names.length - 1) {
    value /= 1000;
    index++;
  }
  return `${value < 10 && index > 0 ? Math.round(value * 10) / 10 : Math.round(value)} ${
    names[index]
  }`;
}

/** A fault as people call it: the title of its kind. */
export function faultText(fault: string): string {
  return FAULTS.get(fault)?.title ?? fault;
}

/** A state as people read it: `InitialReplicationInProgress` in words of their own. */
export function stateText(state: string): string {
  if (state === "none") return "Not replicated yet";
  if (state === "down") return "No answer";
  const words = state.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words[0]!.toUpperCase() + words.slice(1);
}

/** A number stays with its unit wherever a line ends: `3 min 40 s` breaks behind `min` alone. */
export function unbroken(text: string): string {
  return text.replace(/(\d) (?=\D)/g, "$1\u00a0");
}

/** A note in a sentence for a log; empty for what is not told. */
export function noteText(note: Note): string {
  switch (note.kind) {
    case "step":
      return stepText(note);
    case "fault":
      return note.phase === "begin"
        ? `${faultText(note.fault)} (${note.on})`
        : `Over: ${faultText(note.fault)} (${note.on})`;
    case "verb":
      return verbText(note);
    case "state":
      return `${note.vm} at ${note.site}: ${stateText(note.to)}`;
    case "health":
      return `${note.vm} at ${note.site} is ${note.health}${
        note.messages[0] === undefined ? "" : `: ${note.messages[0]}`
      }`;
    case "host":
      return hostText(note);
    case "guest":
      return `The guest of ${note.vm} ${note.runs ? "runs" : "does not run"} at ${note.site}`;
    case "failover":
      return `Failover of ${note.vm} at ${note.site} ${note.phase}`;
    case "moved":
      return `${note.vm} is written at ${note.site} now (${note.how})`;
    case "cut-failed":
      return `No point of ${note.vm}: ${note.why}`;
    case "compared":
      return note.equal ? "" : `${note.vm}: contents differ (${note.why})`;
    case "link":
      return `Servers ${note.what}${note.why === "" ? "" : `: ${note.why}`}`;
    case "failure":
      return `${note.vm === "" ? note.site : note.vm}: ${note.message}`;
    case "healed":
      return "Everything heals; both sides must come to agree";
    default:
      return "";
  }
}

type NoteOf<Kind extends Note["kind"]> = Extract<Note, { readonly kind: Kind }>;

function stepText(note: NoteOf<"step">): string {
  const told = stepTrouble(note);
  return told === "" ? "" : `Step ${note.step} ${told}`;
}

/** What became of a step that came to nothing, behind its name: in the words of the server that was asked; "" for any other. */
export function stepTrouble({ phase, code, why, failure }: NoteOf<"step">): string {
  if (phase !== "failed" && phase !== "skipped") return "";
  const how = phase === "skipped"
    ? "was not executed"
    : failure?.refused === true
    ? "was refused by the server"
    : "failed";
  return `${how}: ${failureText(failure) || why || code || "no reason was given"}`;
}

function failureText(failure: ToldFailure | undefined): string {
  if (failure === undefined) return "";
  const { message, action } = failure;
  return `${message}. ${action}${action.endsWith(".") ? "" : "."}`;
}

function verbText(note: NoteOf<"verb">): string {
  const { phase, verb, vm, site, code, took, equal, step, failure } = note;
  const what = vm === "" ? verb : `${verb} ${vm}`;
  if (phase === "asked") return `${site} is asked: ${what}`;
  const spent = took === undefined ? "" : ` after ${durationText(took)}`;
  return code === "" || code === undefined
    ? `${site}: ${what} done${spent}${equal === false ? ": the two sides differ" : ""}`
    // Of a step its own line tells the reason.
    : `${site}: ${what} failed${spent} (${code})${
      step === undefined && failure !== undefined ? `: ${failureText(failure)}` : ""
    }`;
}

const HOST_WORDS: Readonly<Record<NoteOf<"host">["what"], string>> = {
  up: "the server is up",
  down: "the server is down",
  dark: "the power is out",
  lit: "the power is back",
  destroyed: "burned down",
  replaced: "has new hardware",
  paused: "the server stands still",
  resumed: "the server goes on",
};

function hostText({ site, what }: NoteOf<"host">): string {
  return `${site}: ${HOST_WORDS[what]}`;
}
