/**
 * What happened in a drill, one line each, for a terminal.
 *
 * Rule: at most so many lines; what gives way first is what says least, and how much gave way is said.
 *
 * @module
 */

import { stepRows } from "../report/steps.ts";
import { durationText, instantText } from "../report/words.ts";
import type { Note, Recording } from "../run/recording.ts";

/** Lines of a timeline, unless asked for otherwise. */
export const TIMELINE_LINES = 40;

/** Letters of a line that are shown. */
const WIDTH = 120;

/** Something that happened. */
interface Happening {
  readonly at: number;
  /** 0 for what the drill is about; the higher, the earlier it gives way. */
  readonly rank: number;
  readonly text: string;
}

/** The timeline of a recording. */
export function timelineText(recording: Recording, lines = TIMELINE_LINES): string {
  const all = happenings(recording);
  let rank = 3;
  let shown = all;
  while (shown.length > lines && rank > 0) {
    shown = shown.filter((one) => one.rank < rank);
    rank--;
  }
  shown = shown.slice(0, lines);
  const width = Math.max(...shown.map(({ at }) => instantText(at).length), 0);
  const text = shown.map(({ at, text }) =>
    `  ${instantText(at).padStart(width)}  ${short(text)}\n`
  );
  const left = all.length - shown.length;
  return text.join("") + (left > 0 ? `  ${left} more are in the report (--report DIR)\n` : "");
}

/** One line, and not a long one. */
function short(text: string): string {
  const line = text.split("\n")[0]!;
  return line.length > WIDTH ? `${line.slice(0, WIDTH)}…` : line;
}

function happenings(recording: Recording): Happening[] {
  const cuts = new Map(
    recording.notes.flatMap((note) => note.kind === "cut" ? [[note.point, note.at] as const] : []),
  );
  const seen = new Map<string, string>();
  const fromNotes = recording.notes.flatMap((note) => {
    const told = tell(note, cuts, seen);
    return told === undefined ? [] : [{ at: note.at, ...told }];
  });
  const { violation } = recording;
  return [
    ...fromNotes,
    ...steps(recording),
    ...violation === undefined ? [] : [{
      at: violation.time,
      rank: 0,
      text: `! ${violation.id} does not hold: ${violation.message}`,
    }],
  ].sort((left, right) => left.at - right.at);
}

/** What was done by the script, and faults that it could not bring about. */
function steps(recording: Recording): Happening[] {
  const kinds = new Map(recording.scenario.script.map(({ id, kind }) => [id, kind]));
  return stepRows(recording).flatMap((row) => {
    const at = row.began ?? row.ended ?? row.plannedAt ?? recording.scenario.end;
    const well = row.result === "done" || row.result === "unfinished";
    // That a fault came is told by its own note.
    if (kinds.get(row.id) === "fault" && well) return [];
    const took = row.began !== null && row.ended !== null ? row.ended - row.began : 0;
    const outcome = row.result === "done"
      ? took > 0 ? `done in ${durationText(took)}` : "done"
      : row.result.replace("-", " ") + (row.code === "" ? "" : ` (${row.code})`);
    const why = row.why === "" ? "" : `: ${row.why}`;
    return [{ at, rank: 0, text: `> ${row.what}: ${outcome}${why}` }];
  });
}

/** One note as a line. `seen` is what was told last of what repeats itself. */
// Long because: each kind of note has its few lines.
function tell(
  note: Note,
  cuts: ReadonlyMap<string, number>,
  seen: Map<string, string>,
): Omit<Happening, "at"> | undefined {
  switch (note.kind) {
    case "fault":
      return note.phase === "begin"
        ? { rank: 0, text: `! ${note.fault} hits ${note.on}` }
        : { rank: 1, text: `  ${note.fault} on ${note.on} is over` };
    case "host":
      return { rank: 1, text: `  ${note.site}: ${HOST[note.what]}` };
    case "guest":
      return {
        rank: 1,
        text: note.runs
          ? `  the guest of ${note.vm} runs at ${note.site}`
          : `  the guest of ${note.vm} stops at ${note.site}`,
      };
    case "failover": {
      const cut = cuts.get(note.point);
      const point = cut === undefined ? note.point : `the point of ${instantText(cut)}`;
      return { rank: 0, text: `  failover of ${note.vm} at ${note.site} ${note.phase}: ${point}` };
    }
    case "moved":
      return {
        rank: 0,
        text: `  ${note.vm} is written at ${note.site} from here on (${note.how})`,
      };
    case "state":
      return {
        rank: note.to === "Error" ? 1 : 3,
        text: `  ${note.vm} at ${note.site}: ${note.to}`,
      };
    case "health": {
      const key = `health ${note.vm} ${note.site}`;
      if ((seen.get(key) ?? "Normal") === note.health) return undefined;
      seen.set(key, note.health);
      const why = note.messages.length > 0 ? `: ${note.messages[0]}` : "";
      return { rank: 2, text: `  health of ${note.vm} as ${note.site} says: ${note.health}${why}` };
    }
    case "link": {
      // Each site says so.
      if (seen.get("link") === note.what) return undefined;
      seen.set("link", note.what);
      return {
        rank: 2,
        text: `  the sites are ${note.what}${note.why === "" ? "" : `: ${note.why}`}`,
      };
    }
    case "compared":
      return note.equal ? undefined : {
        rank: 0,
        text: `! what ${note.vm} holds in ${note.point} is not what its guest wrote (${note.why})`,
      };
    case "failure":
      return { rank: 2, text: `  ${note.vm} at ${note.site}: ${note.message}` };
    case "healed":
      return { rank: 1, text: "  the script is over: everything heals" };
    default:
      return undefined;
  }
}

const HOST: Readonly<Record<(Note & { kind: "host" })["what"], string>> = {
  up: "the server is up",
  down: "the server is down",
  dark: "no power",
  lit: "power is back",
  destroyed: "everything is destroyed",
  replaced: "there is a new host",
  paused: "the server stands still",
  resumed: "the server goes on",
};
