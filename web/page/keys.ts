/**
 * Everything by keyboard: the keys of the page, and what they do.
 *
 * Rule: a key is the page's only where nobody types, and never takes one that the browser or a control needs.
 *
 * @module
 */

import { redo, switchPlaying, undo } from "../state/drill.ts";
import { lever, LEVER_MAX } from "../state/playback.ts";
import { helping, type View, view } from "../state/views.ts";
import { share } from "../state/sharing.ts";
import { switchTheme } from "../state/theme.ts";
import {
  nextCycle,
  nextEvent,
  previousCycle,
  previousEvent,
  toEnd,
  toStart,
} from "../transport/steps.ts";

/** A key with what it does. */
export interface Key {
  /** As `KeyboardEvent.key`, with Shift where that is part of it. */
  readonly key: string;
  /** As it is written on a keyboard. */
  readonly cap: string;
  readonly about: string;
  readonly run: () => void;
}

const show = (chosen: View) => () => {
  view.value = chosen;
};

const faster = (by: number) => () => {
  lever.value = Math.max(0, Math.min(LEVER_MAX, lever.value + by));
};

/** Goes to an element of the drill, so that keys act on it. */
const goTo = (selector: string) => () => {
  view.value = "drill";
  requestAnimationFrame(() => document.querySelector<HTMLElement>(selector)?.focus());
};

/** All keys of the page. */
export const KEYS: readonly Key[] = [
  { key: " ", cap: "Space", about: "Play or pause", run: switchPlaying },
  { key: "ArrowRight", cap: "→", about: "One event on", run: nextEvent },
  { key: "ArrowLeft", cap: "←", about: "One event back", run: previousEvent },
  { key: "Shift+ArrowRight", cap: "Shift →", about: "One cycle on", run: nextCycle },
  { key: "Shift+ArrowLeft", cap: "Shift ←", about: "One cycle back", run: previousCycle },
  { key: "Home", cap: "Home", about: "To the beginning", run: toStart },
  { key: "End", cap: "End", about: "To the end", run: toEnd },
  { key: "+", cap: "+", about: "Faster", run: faster(5) },
  { key: "-", cap: "-", about: "Slower", run: faster(-5) },
  {
    key: "Control+z",
    cap: "Ctrl Z",
    about: "Undo the last change of the script",
    run: () => void undo(),
  },
  { key: "Control+y", cap: "Ctrl Y", about: "Redo it", run: () => void redo() },
  { key: "a", cap: "A", about: "To the faults and actions", run: goTo(".palette button") },
  {
    key: "e",
    cap: "E",
    about: "To the script; Esc, then Tab leaves it",
    run: goTo(".cm-content, .script textarea"),
  },
  { key: "1", cap: "1", about: "Drill", run: show("drill") },
  { key: "2", cap: "2", about: "Report", run: show("report") },
  { key: "3", cap: "3", about: "Campaign", run: show("campaign") },
  { key: "s", cap: "S", about: "Share: a link to this drill and moment", run: () => void share() },
  { key: "t", cap: "T", about: "Light or dark", run: switchTheme },
  {
    key: "?",
    cap: "?",
    about: "These keys",
    run: () => {
      helping.value = !helping.value;
    },
  },
];

/** Somebody types there, or a control has keys of its own. */
function isTaken(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("textarea, select, dialog") !== null) return true;
  if (target instanceof HTMLInputElement) return target.type !== "range" || key !== " ";
  return key === " " && target.closest("button, a, label") !== null;
}

/** Does what a key is for. */
export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || isTaken(event.target, event.key)) return;
  const control = event.ctrlKey || event.metaKey ? "Control+" : "";
  const shift = event.shiftKey && event.key.startsWith("Arrow") ? "Shift+" : "";
  const found = KEYS.find(({ key }) => key === `${control}${shift}${event.key}`);
  if (found === undefined) return;
  event.preventDefault();
  found.run();
}
