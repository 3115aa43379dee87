/**
 * Finding one's way in a run: the display state of a moment, and the moments where something happened.
 *
 * @module
 */

import type { Frame, Note } from "../../lab/run/recording.ts";
import { noteText } from "./words.ts";

/** How many of `things`, which are in order of time, are not behind `time`. */
export function countUntil(things: readonly { readonly at: number }[], time: number): number {
  let [low, high] = [0, things.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (things[middle]!.at <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The newest display state that is not behind `time`. */
export function frameAt(frames: readonly Frame[], time: number): Frame | undefined {
  return frames[Math.max(0, countUntil(frames, time) - 1)];
}

/** Kinds that come so often that a step to each would lead nowhere. */
const ROUTINE: ReadonlySet<Note["kind"]> = new Set([
  "cut",
  "sent",
  "applied",
  "dropped",
  "compared",
]);

/** True for what people want to stop at. */
export function isTelling(note: Note): boolean {
  return !ROUTINE.has(note.kind) && note.kind !== "staged" &&
    !(note.kind === "step" && note.phase === "begun");
}

/** The first moment behind `time` of a note that `wanted` takes; undefined when there is none. */
export function momentBehind(
  notes: readonly Note[],
  time: number,
  wanted: (note: Note) => boolean,
): number | undefined {
  for (let index = countUntil(notes, time); index < notes.length; index++) {
    if (wanted(notes[index]!)) return notes[index]!.at;
  }
  return undefined;
}

/** The last moment before `time` of a note that `wanted` takes; undefined when there is none. */
export function momentBefore(
  notes: readonly Note[],
  time: number,
  wanted: (note: Note) => boolean,
): number | undefined {
  // Times are whole µs, so this is where those before `time` end.
  for (let index = countUntil(notes, time - 1) - 1; index >= 0; index--) {
    if (wanted(notes[index]!)) return notes[index]!.at;
  }
  return undefined;
}

/** Kinds that are worth a word in between, the last of which is said. */
const SPOKEN: ReadonlySet<Note["kind"]> = new Set(["fault", "host", "failover", "moved", "guest"]);

/** What is to be said of the time behind `from` up to `to`; "" for nothing. */
export function spokenBetween(notes: readonly Note[], from: number, to: number): string {
  for (let index = countUntil(notes, to) - 1; index >= 0 && notes[index]!.at > from; index--) {
    if (SPOKEN.has(notes[index]!.kind)) return noteText(notes[index]!);
  }
  return "";
}
