/**
 * Play, pause, steps, speed, and how far the run is computed.
 *
 * @module
 */

import { countText, durationText, instantText } from "../../lab/report/words.ts";
import { nextRun, notes, passed, playAgain, run, switchPlaying } from "../state/drill.ts";
import { lever, LEVER_MAX, playhead, playing, speed } from "../state/playback.ts";
import { SILENCE_MAX } from "../state/silence.ts";
import { isTelling } from "../timeline/moments.ts";
import { noteText } from "../timeline/words.ts";
import { Scrubber } from "./scrubber.tsx";
import { nextCycle, nextEvent, previousEvent, toEnd, toStart } from "./steps.ts";

const PATHS = {
  start: "M4 3v10M13 3L6 8l7 5z",
  back: "M12 3L5 8l7 5z",
  play: "M4 2.5L13 8l-9 5.5z",
  pause: "M4.5 3v10M11.5 3v10",
  event: "M4 3l7 5-7 5z",
  cycle: "M2 3l5 5-5 5zM8.5 3l5 5-5 5z",
  end: "M12 3v10M3 3l7 5-7 5z",
} as const;

function Icon({ of }: { readonly of: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[of]} />
    </svg>
  );
}

function Step({ icon, label, run: act }: {
  readonly icon: keyof typeof PATHS;
  readonly label: string;
  readonly run: () => void;
}) {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={act}>
      <Icon of={icon} />
    </button>
  );
}

/** The last thing that happened up to the playhead. */
function lastEvent(): string {
  const known = notes.value;
  for (let index = passed.value - 1; index >= 0; index--) {
    const note = known[index]!;
    const text = isTelling(note) ? noteText(note) : "";
    if (text !== "") return `${instantText(note.at)} ${text}`;
  }
  return "Nothing has happened yet";
}

/** The line below the scrubber. */
function LastEvent() {
  return <p class="last-event">{lastEvent()}</p>;
}

/** The moment that is shown. */
function Clock() {
  return (
    <p class="clock" aria-hidden="true">
      {instantText(playhead.value)}
      <span>/ {instantText(run.value?.end ?? 0)}</span>
    </p>
  );
}

/** Nothing comes from the run any more. */
function Silent({ percent }: { readonly percent: number }) {
  return (
    <p class="run-state failed" role="alert">
      Nothing has come from the run for {SILENCE_MAX / 1000} s, at {percent}{" "}
      %: its worker ended, or is stuck. <button type="button" onClick={playAgain}>Run again</button>
    </p>
  );
}

/** How far the newest run is, or what became of it. */
function Progress() {
  const shown = run.value;
  const next = nextRun.value;
  const newest = next ?? shown;
  if (newest === undefined) return null;
  if (newest.failure.value !== "") {
    return (
      <p class="run-state failed" role="alert">
        The run ended unexpectedly: {newest.failure.value}.{" "}
        <button type="button" onClick={playAgain}>Run again</button>
      </p>
    );
  }
  if (newest.outcome.value !== undefined) {
    return <p class="run-state">Run complete: {countText(newest.events.value)} events</p>;
  }
  const part = Math.min(1, newest.known.value / newest.end);
  if (newest.silent.value) return <Silent percent={Math.floor(part * 100)} />;
  return (
    <p class="run-state">
      <progress
        max={1}
        value={part}
        aria-label={next === undefined ? "Run" : "Run with the change"}
      />
      {next === undefined ? "Computing" : "Running again with the change"}: {Math.floor(part * 100)}
      {" "}
      %, {countText(newest.rate.value)} events/s
    </p>
  );
}

/** The transport. */
export function Transport() {
  return (
    <section class="transport" aria-label="Transport">
      <div class="transport-row">
        <div class="buttons" role="group" aria-label="Playback">
          <Step icon="start" label="To the beginning" run={toStart} />
          <Step icon="back" label="Event before" run={previousEvent} />
          <button
            type="button"
            class="play primary"
            disabled={run.value === undefined}
            onClick={switchPlaying}
          >
            <Icon of={playing.value ? "pause" : "play"} />
            {playing.value ? "Pause" : "Play"}
          </button>
          <Step icon="event" label="One event" run={nextEvent} />
          <Step icon="cycle" label="One cycle" run={nextCycle} />
          <Step icon="end" label="To the end" run={toEnd} />
        </div>
        <Clock />
        <label class="speed">
          <span>Speed</span>
          <input
            type="range"
            min={0}
            max={LEVER_MAX}
            value={lever.value}
            aria-valuetext={speedText()}
            onInput={(event) => {
              lever.value = Number(event.currentTarget.value);
            }}
          />
          <output>{speedText()}</output>
        </label>
      </div>
      <Scrubber />
      <div class="transport-foot">
        <LastEvent />
        <Progress />
      </div>
    </section>
  );
}

function speedText(): string {
  if (lever.value >= LEVER_MAX) return "max";
  if (speed.value < 60_000_000) return `${Math.round(speed.value / 1_000_000)}×`;
  return `${durationText(Math.round(speed.value / 60_000_000) * 60_000_000)}/s`;
}
