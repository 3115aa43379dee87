/**
 * When something was wrong, from the notes of a run.
 *
 * @module
 */

import type { Note } from "../../lab/run/recording.ts";

/** A fault with the time in which it was in force. */
export interface FaultWindow {
  readonly fault: string;
  readonly on: string;
  readonly from: number;
  /** Where it is not over yet: the end of what is known. */
  readonly to: number;
  readonly over: boolean;
}

/** Windows of all faults in order of their beginning; `until` is how far the run is known, µs. */
export function faultWindows(notes: readonly Note[], until: number): FaultWindow[] {
  const windows: FaultWindow[] = [];
  const open = new Map<string, number>();
  for (const note of notes) {
    if (note.kind !== "fault") continue;
    const key = `${note.step ?? ""} ${note.fault} ${note.on}`;
    if (note.phase === "begin") {
      open.set(key, windows.length);
      windows.push({ fault: note.fault, on: note.on, from: note.at, to: until, over: false });
      continue;
    }
    const index = open.get(key);
    if (index === undefined) continue;
    open.delete(key);
    windows[index] = { ...windows[index]!, to: note.at, over: true };
  }
  return windows;
}
