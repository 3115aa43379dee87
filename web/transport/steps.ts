/**
 * Steps of the playhead: to the next thing that happened, to the next point, to either end.
 *
 * @module
 */

import type { Note } from "../../lab/run/recording.ts";
import { notes, run, seek } from "../state/drill.ts";
import { playhead, playing } from "../state/playback.ts";
import { isTelling, momentBefore, momentBehind } from "../timeline/moments.ts";

const isStaged = (note: Note) => note.kind === "staged";

function go(time: number | undefined, otherwise: number): void {
  playing.value = false;
  seek(time ?? otherwise);
}

const end = () => run.value?.known.value ?? 0;

/** To the next thing that happened. */
export function nextEvent(): void {
  go(momentBehind(notes.value, playhead.value, isTelling), end());
}

/** To what happened before. */
export function previousEvent(): void {
  go(momentBefore(notes.value, playhead.value, isTelling), 0);
}

/** To the next point that could be failed over to. */
export function nextCycle(): void {
  go(momentBehind(notes.value, playhead.value, isStaged), end());
}

/** To the point before. */
export function previousCycle(): void {
  go(momentBefore(notes.value, playhead.value, isStaged), 0);
}

/** To the beginning. */
export function toStart(): void {
  go(0, 0);
}

/** To as far as the run is known. */
export function toEnd(): void {
  go(end(), end());
}
