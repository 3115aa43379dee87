/**
 * Links to a drill: made of what is on the page, and opened with care.
 *
 * Rule: of a link that is damaged or of another engine nothing runs before the person has read so, and what is shown in its place is
 * said to be something else.
 *
 * @module
 */

import { batch } from "@preact/signals";
import {
  decodePermalink,
  encodePermalink,
  type SharedDrill,
} from "../../lab/scenario/permalink.ts";
import { ENGINE_HASH, newestRun, openText, run, seed, seek } from "./drill.ts";
import { settle, spoken, tell } from "./notices.ts";
import { playhead } from "./playback.ts";

/** The address of what is shown: the run with its script, seed and moment. "" with a notice where it is too long. */
export async function linkOfRun(): Promise<string> {
  const source = newestRun.value?.source;
  if (source === undefined) return "";
  const { text, seed } = source;
  const link = await encodePermalink({ text, seed, engineHash: ENGINE_HASH, at: playhead.value });
  if (link.ok) return new URL(link.fragment, location.href).href;
  tell({ about: "link", kind: "error", text: `${link.message}.` });
  return "";
}

/** Puts the link into the address, and where that is allowed onto the clipboard. */
export async function share(): Promise<void> {
  const link = await linkOfRun();
  if (link === "") return;
  history.replaceState(null, "", link);
  const copied = await copy(link);
  spoken.value = "Link made";
  tell({
    about: "link",
    kind: "info",
    text: copied
      ? "The link to this drill, with its seed and this moment, is on the clipboard and in the address."
      : "The link to this drill, with its seed and this moment, is in the address. Copy it from there.",
  });
}

async function copy(link: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(link);
    return true;
  } catch {
    return false;
  }
}

/**
 * Opens what the address names. False where it names nothing, or nothing that may be run; `instead` says what is shown then in place
 * of it.
 */
export async function openLink(
  fragment: string,
  instead: () => string | Promise<string>,
): Promise<boolean> {
  const opened = await decodePermalink(fragment, ENGINE_HASH);
  if (opened.ok) {
    settle("link");
    await show(opened.drill);
    return true;
  }
  if (opened.why === "none") return false;
  const { drill, message } = opened;
  tell({
    about: "link",
    kind: "error",
    text: `${message}. ${
      drill === undefined ? "It could not be read" : "Nothing of it was run"
    }. ${await instead()}`,
    ...(drill === undefined ? {} : {
      action: {
        label: "Run it here all the same",
        run: () => {
          // It stays said of what is shown then.
          tell({ about: "link", kind: "info", text: `${message}.` });
          void show(drill);
        },
      },
    }),
  });
  return false;
}

async function show(drill: SharedDrill): Promise<void> {
  seed.value = drill.seed;
  await openText(drill.text);
  const shown = run.value;
  if (shown === undefined) return;
  // The moment is shown as soon as the run is known so far.
  const stop = shown.known.subscribe((known) => {
    if (known < drill.at && shown.outcome.peek() === undefined) return;
    batch(() => seek(drill.at));
    queueMicrotask(() => stop());
  });
}
