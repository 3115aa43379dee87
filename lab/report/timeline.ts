/**
 * What happened, in order and in words: what a person who watched would have written down.
 *
 * @module
 */

import type { Note, Recording } from "../run/recording.ts";
import type { TimelineEntry } from "./drill_report.ts";
import { placeText } from "./faults.ts";
import { stepText } from "./steps.ts";

/** Entries that are kept; of more, the first ones. */
const ENTRIES_MAX = 1000;

type Of<Kind extends Note["kind"]> = Extract<Note, { kind: Kind }>;

/** What becomes of a host. */
const HOSTS: Readonly<Record<Of<"host">["what"], string>> = {
  up: "its server is up",
  down: "its server died",
  dark: "it lost power",
  lit: "it has power again",
  destroyed: "it was destroyed with everything on it",
  replaced: "it was replaced by an empty one",
  paused: "its server stands still",
  resumed: "its server goes on",
};

const FAILOVERS: Readonly<Record<Of<"failover">["phase"], string>> = {
  started: "failed over to",
  cancelled: "failover cancelled at",
  completed: "failover completed at",
};

const MOVES: Readonly<Record<Of<"moved">["how"], string>> = {
  planned: "moved as planned, is written at",
  reverse: "replication reversed, is written at",
  resolved: "two histories resolved, is written at",
};

/** Everything that a reader should see of a run. */
export function timelineOf({ scenario, notes }: Recording): TimelineEntry[] {
  const steps = new Map(scenario.script.map((step) => [step.id, stepText(step)]));
  const withPoint = new Set<string>();
  const entries: TimelineEntry[] = [];
  for (const note of notes) {
    if (note.kind === "staged") {
      if (withPoint.has(note.vm)) continue;
      withPoint.add(note.vm);
    }
    const entry = note.kind === "step" ? stepEntry(note, steps) : eventOf(note);
    if (entry !== undefined) entries.push({ at: note.at, ...entry });
    if (entries.length >= ENTRIES_MAX) break;
  }
  return entries;
}

type Untimed = Omit<TimelineEntry, "at">;

function stepEntry(note: Of<"step">, steps: ReadonlyMap<string, string>): Untimed {
  const { step = "", phase, code = "", why = "" } = note;
  const because = [code, why].filter((text) => text !== "").join(": ");
  const what = phase === "begun"
    ? steps.get(step) ?? "begun"
    : `${phase}${because === "" ? "" : `: ${because}`}`;
  return { who: `step ${step}`, what };
}

function eventOf(note: Note): Untimed | undefined {
  switch (note.kind) {
    case "staged":
      return { who: note.vm, what: `is protected: its first point is at ${placeText(note.site)}` };
    case "host":
      return { who: placeText(note.site), what: HOSTS[note.what] };
    case "guest":
      return { who: note.vm, what: `${note.runs ? "runs" : "stops"} at ${placeText(note.site)}` };
    case "failover":
      return { who: note.vm, what: `${FAILOVERS[note.phase]} ${placeText(note.site)}` };
    case "moved":
      return { who: note.vm, what: `${MOVES[note.how]} ${placeText(note.site)}` };
    case "health": {
      const why = note.messages[0] === undefined ? "" : `: ${note.messages[0]}`;
      return { who: note.vm, what: `${placeText(note.site)} says ${note.health}${why}` };
    }
    case "healed":
      return { who: "drill", what: "over: everything heals" };
    default:
      return undefined;
  }
}
