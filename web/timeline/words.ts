/**
 * Rates and notes as people read them.
 *
 * @module
 */

import { durationText } from "../../lab/report/words.ts";
import type { Note } from "../../lab/run/recording.ts";

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

/** A note in a sentence for a log; empty for what is not told. */
export function noteText(note: Note): string {
  switch (note.kind) {
    case "step":
      return stepText(note);
    case "fault":
      return note.phase === "begin"
        ? `${note.fault} on ${note.on}`
        : `${note.fault} on ${note.on} is over`;
    case "verb":
      return verbText(note);
    case "state":
      return `${note.vm} at ${note.site}: ${note.to}`;
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

function stepText({ phase, step, why }: NoteOf<"step">): string {
  if (phase === "failed") return `Step ${step} failed: ${why ?? "no reason was given"}`;
  if (phase === "skipped") return `Step ${step} was not executed: ${why ?? "no reason was given"}`;
  return "";
}

function verbText({ phase, verb, vm, site, code, took, equal }: NoteOf<"verb">): string {
  const what = vm === "" ? verb : `${verb} ${vm}`;
  if (phase === "asked") return `${site} is asked: ${what}`;
  const spent = took === undefined ? "" : ` after ${durationText(took)}`;
  return code === "" || code === undefined
    ? `${site}: ${what} done${spent}${equal === false ? ": the two sides differ" : ""}`
    : `${site}: ${what} failed${spent} (${code})`;
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
