/**
 * The scrubber over the whole run: what is known of it, when something was wrong, when somebody acted, and the playhead.
 *
 * @module
 */

import { instantText, listText } from "../../lab/report/words.ts";
import type { Note } from "../../lab/run/recording.ts";
import { frame, notes, run, seek, span, windows } from "../state/drill.ts";
import { faultText } from "../timeline/words.ts";
import { playhead } from "../state/playback.ts";
import { hovered } from "../state/hover.ts";

/** A percentage of the whole, for a style. */
function share(time: number): string {
  return `${Math.min(100, Math.max(0, time / span.value * 100)).toFixed(3)}%`;
}

/** What a mark stands for; undefined for notes without one. */
function markOf(note: Note): { readonly kind: string; readonly text: string } | undefined {
  if (note.kind === "verb" && note.phase === "answered" && !note.byItself) {
    const failed = note.code !== "" && note.code !== undefined;
    return { kind: failed ? "failed" : "verb", text: `${note.verb} ${note.vm}` };
  }
  if (note.kind === "moved") return { kind: "verb", text: `${note.vm} moved to ${note.site}` };
  return undefined;
}

/** Faults and marks: drawn anew when the run has grown, not when the playhead moves. */
function Ground() {
  return (
    <div class="scrub-ground" aria-hidden="true">
      <div class="scrub-known" style={{ width: share(run.value?.known.value ?? 0) }} />
      {windows.value.map(({ fault, on, from, to }, index) => (
        <div
          key={index}
          class="scrub-fault"
          title={`${faultText(fault)} (${on})`}
          style={{ left: share(from), width: `max(2px, ${share(to - from)})` }}
        />
      ))}
      {notes.value.map((note, index) => {
        const mark = markOf(note);
        if (mark === undefined) return null;
        return (
          <div
            key={index}
            class={`scrub-mark ${mark.kind}`}
            title={`${instantText(note.at)} ${mark.text}`}
            style={{ left: share(note.at) }}
          />
        );
      })}
    </div>
  );
}

/** What is said of the playhead. */
function momentText(): string {
  const standing = frame.value?.machines.map(({ vm, runs }) =>
    `${vm} ${runs.length === 0 ? "runs nowhere" : `runs at ${listText(runs)}`}`
  );
  return [instantText(playhead.value), ...standing ?? []].join(", ");
}

/** The scrubber. */
export function Scrubber() {
  return (
    <div class="scrubber">
      <Ground />
      <div class="scrub-cursor" style={{ left: share(playhead.value) }} aria-hidden="true" />
      {hovered.value !== undefined && (
        <div class="scrub-hover" style={{ left: share(hovered.value) }} aria-hidden="true" />
      )}
      <input
        type="range"
        aria-label="Moment of the run"
        aria-valuetext={momentText()}
        min={0}
        max={span.value}
        step={Math.max(1, Math.round(span.value / 2000))}
        value={playhead.value}
        onInput={(event) => seek(Number(event.currentTarget.value))}
      />
    </div>
  );
}
