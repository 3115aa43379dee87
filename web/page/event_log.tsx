/**
 * What happened up to the playhead, newest first, in words.
 *
 * @module
 */

import { instantText } from "../../lab/report/words.ts";
import { notes, passed, seek } from "../state/drill.ts";
import { playing } from "../state/playback.ts";
import { isTelling } from "../timeline/moments.ts";
import { noteText } from "../timeline/words.ts";

/** Lines that are shown. */
const LINES = 40;

/** Of the first `count` notes those that are told, newest first. */
function told(count: number) {
  const known = notes.value;
  const lines: {
    readonly at: number;
    readonly index: number;
    readonly text: string;
    readonly kind: string;
  }[] = [];
  for (let index = count - 1; index >= 0 && lines.length < LINES; index--) {
    const note = known[index]!;
    const text = isTelling(note) ? noteText(note) : "";
    if (text !== "") lines.push({ at: note.at, index, text, kind: note.kind });
  }
  return lines;
}

/** The log. */
export function EventLog() {
  return (
    <section class="log" aria-label="Events">
      <header class="panel-head">
        <h2>Events</h2>
      </header>
      <ol>
        {told(passed.value).map(({ at, index, text, kind }) => (
          <li key={index} class={kind}>
            <button
              type="button"
              title="Show this moment"
              onClick={() => {
                playing.value = false;
                seek(at);
              }}
            >
              <time>{instantText(at)}</time>
              <span>{text}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
