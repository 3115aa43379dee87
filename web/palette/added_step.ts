/**
 * A step that a click has added: where it comes to nothing, that is told as soon as its run knows.
 *
 * @module
 */

import { newestRun, undo } from "../state/drill.ts";
import { settle, tell } from "../state/notices.ts";
import type { Run } from "../state/run.ts";
import { stepTrouble } from "../timeline/words.ts";

/** What the notice is about. */
export const ABOUT = "act";

/** Tells of the step `id` of a run where it comes to nothing; `name` is what people call it. */
export function followStep(run: Run, id: string, name: string): void {
  let [looked, over] = [0, false];
  const stopReading = run.known.subscribe(() => {
    for (; looked < run.notes.length && !over; looked++) {
      const note = run.notes[looked]!;
      if (note.kind !== "step" || note.step !== id) continue;
      const trouble = stepTrouble(note);
      if (trouble !== "") tellOf(`${name} ${trouble}`);
      over = trouble !== "" || note.phase === "done";
    }
  });
  // Another run is of another script, and the notice of the one before is not of that.
  const stopWaiting = newestRun.subscribe((newest) => {
    if (newest === run) return;
    settle(ABOUT);
    queueMicrotask(() => {
      stopReading();
      stopWaiting();
    });
  });
}

function tellOf(text: string): void {
  tell({
    about: ABOUT,
    kind: "error",
    text,
    action: { label: "Undo", run: () => void undo() },
  });
}
