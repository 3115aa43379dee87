/**
 * The drill on the page: its script, what is wrong with it, its run, and the run that will take that one's place.
 *
 * Rule: a run belongs to the text that it was read from. While another one is computed, the one before stays on the stage.
 *
 * @module
 */

import { batch, computed, signal } from "@preact/signals";
import { faultWindows } from "../timeline/fault_windows.ts";
import type { Problem } from "../../lab/scenario/read_scenario.ts";
import type { DrillScenario } from "../../lab/scenario/drill_scenario.ts";
import { readableText } from "../../lab/scenario/readable_text.ts";
import { keepDraft } from "./draft.ts";
import { spoken, tell } from "./notices.ts";
import { length, lever, movedOn, playhead, playing, speed, usualLever } from "./playback.ts";
import { Run, type RunSource } from "./run.ts";
import { countUntil, frameAt, spokenBetween } from "../timeline/moments.ts";
import { TextHistory } from "./text_history.ts";

/** Which engine this page carries; told by whoever built it. */
export const ENGINE_HASH = document.documentElement.dataset["engine"] ?? "";

const history = new TextHistory();
/** How the history stands. */
const version = signal(0);

/** The script. */
export const text = computed(() => {
  void version.value;
  return history.text;
});
/** A click or some typing can be taken back. */
export const canUndo = computed(() => version.value >= 0 && history.canUndo);
/** What was taken back can be done again. */
export const canRedo = computed(() => version.value >= 0 && history.canRedo);

/** What is wrong with the script, by place. */
export const problems = signal<readonly Problem[]>([]);
/** The script as it was understood last. */
export const scenario = signal<DrillScenario | undefined>(undefined);
/** Another seed than the script's; undefined for that of the script. */
export const seed = signal<number | undefined>(undefined);

/** The run that is shown. */
export const run = signal<Run | undefined>(undefined);
/** The run that takes its place once it is known up to the playhead. */
export const nextRun = signal<Run | undefined>(undefined);
/** The newest of both. */
export const newestRun = computed(() => nextRun.value ?? run.value);
/** The script is another one than that of the newest run. */
export const isStale = computed(() =>
  newestRun.value !== undefined && newestRun.value.source.text !== text.value
);

/** The display state at the playhead. */
export const frame = computed(() => {
  const shown = run.value;
  if (shown === undefined) return undefined;
  void shown.known.value;
  return frameAt(shown.outcome.value?.recording.frames ?? shown.frames, playhead.value);
});
/** What was noted of the run so far. */
export const notes = computed(() => {
  void run.value?.known.value;
  return run.value?.outcome.value?.recording.notes ?? run.value?.notes ?? [];
});
/** How many of the notes the playhead has passed: changes far less often than the playhead. */
export const passed = computed(() => countUntil(notes.value, playhead.value));
/** When something is wrong in the run that is shown. */
export const windows = computed(() => faultWindows(notes.value, run.value?.known.value ?? 0));
/** What a scrubber and the charts span, µs: the script. */
export const span = computed(() => run.value?.end ?? 1);

/** Reads the script; it comes with the language, which is loaded when the page is there. */
const language = import("../../lab/scenario/read_scenario.ts");
language.catch(() => {
  tell({
    about: "language",
    kind: "error",
    text: "A part of this page could not be loaded, so scripts cannot be read.",
    action: { label: "Load the page again", run: () => location.reload() },
  });
});

/** The script is one that was kept elsewhere, in a file or a link: it is shown as people write it, and run. */
export async function openText(kept: string): Promise<void> {
  await changeText(readableText(kept));
}

/** The script is another one from here on: by a click, what was typed before, the library. It is run. */
export async function changeText(changed: string): Promise<void> {
  history.change(changed);
  await textChanged();
  await play();
}

/** What was typed at the visit before: whatever is opened now, an undo leads back to it. */
export function rememberText(typed: string): void {
  history.change(typed);
  version.value++;
}

let reading: ReturnType<typeof setTimeout> | undefined;

/** Somebody types. What is typed is read once there is a pause, and run when it is asked for. */
export function typeText(typed: string): void {
  history.type(typed, performance.now());
  version.value++;
  clearTimeout(reading);
  reading = setTimeout(() => void textChanged(), 250);
}

/** Takes the last change back, and runs what is left. */
export async function undo(): Promise<void> {
  if (!history.canUndo) return;
  history.undo();
  spoken.value = "Taken back";
  await textChanged();
  await play();
}

/** Does again what was taken back. */
export async function redo(): Promise<void> {
  if (!history.canRedo) return;
  history.redo();
  await textChanged();
  await play();
}

async function textChanged(): Promise<void> {
  version.value++;
  keepText();
  await readText();
}

async function readText(): Promise<void> {
  const read = (await language).readScenario(history.text);
  batch(() => {
    problems.value = read.ok ? [] : read.problems;
    if (read.ok) scenario.value = read.scenario;
  });
}

/** Reads the script now, also where somebody typed a moment ago. */
export async function readNow(): Promise<void> {
  clearTimeout(reading);
  keepText();
  await readText();
}

/** Keeps the script for the next visit as it stands, also where somebody typed a moment ago. */
export function keepText(): void {
  keepDraft(history.text);
}

/** Runs the script as it stands, unless something is wrong with it or it runs already. */
export async function play(): Promise<void> {
  await readNow();
  const read = scenario.value;
  if (problems.value.length > 0 || read === undefined) return;
  const source = { text: history.text, scenario: read, seed: seed.value ?? read.seed };
  const { outcome, failure, source: playing } = newestRun.value ?? {};
  const same = playing?.text === source.text && playing.seed === source.seed;
  if (same && (outcome?.value !== undefined || failure?.value === "")) return;
  begin(source);
}

/** Runs the script once more, whatever came of it before. */
export function playAgain(): void {
  const source = newestRun.value?.source;
  if (source !== undefined) begin(source);
}

function begin(source: RunSource): void {
  nextRun.value?.stop();
  const started = new Run(source, ENGINE_HASH);
  const shown = run.value;
  const isFork = shown !== undefined && shown.source.scenario.name === source.scenario.name &&
    shown.failure.value === "";
  batch(() => {
    if (isFork) {
      nextRun.value = started;
      spoken.value = "The script is run again from its beginning";
      return;
    }
    shown?.stop();
    nextRun.value = undefined;
    run.value = started;
    length.value = started.end;
    lever.value = usualLever(started.end);
    playhead.value = 0;
    playing.value = false;
  });
}

/** The next run takes the place of the one that is shown once it is known up to the playhead. */
function takeOver(): void {
  const [shown, next] = [run.value, nextRun.value];
  if (next === undefined) return;
  const over = next.outcome.value !== undefined;
  if (!over && next.known.value < playhead.value) return;
  shown?.stop();
  batch(() => {
    run.value = next;
    nextRun.value = undefined;
    length.value = next.end;
    playhead.value = Math.min(playhead.value, next.known.value);
  });
}

/** Shows another moment; one that is not known yet is waited for where the run is. */
export function seek(time: number): void {
  playhead.value = Math.max(0, Math.min(Math.round(time), run.value?.known.value ?? 0));
}

/** Plays from here; from the beginning where the end was reached. */
export function switchPlaying(): void {
  const shown = run.value;
  if (shown === undefined) return;
  if (!playing.value && isAtEnd(shown)) playhead.value = 0;
  playing.value = !playing.value;
}

/** Nothing more will be known of a run than what is behind the playhead. */
function isAtEnd({ end, known, outcome }: Run): boolean {
  return playhead.value >= (outcome.value === undefined ? end : known.value);
}

let pictured = 0;

/** One picture later: moves the playhead, and has the next run take its place. */
export function onPicture(now: number): void {
  const elapsed = now - pictured;
  pictured = now;
  takeOver();
  const shown = run.value;
  // Nobody sees a future go by that is being computed anew.
  if (!playing.value || shown === undefined || nextRun.value !== undefined) return;
  const known = shown.known.value;
  const before = playhead.value;
  const after = movedOn(before, elapsed, speed.value, known);
  playhead.value = after;
  const heard = spokenBetween(notes.value, before, after);
  if (heard !== "") spoken.value = heard;
  if (isAtEnd(shown)) playing.value = false;
}
