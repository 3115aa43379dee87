/**
 * Where the page begins: draws it, brings up what was there before, and lets the playhead move.
 *
 * @module
 */

import { render } from "preact";
import { App } from "./page/app.tsx";
import { onKey } from "./page/keys.ts";
import { openFile } from "./editor/editor.tsx";
import { changeText, keepText, onPicture, rememberText } from "./state/drill.ts";
import { readDraft, unkeptDraft } from "./state/draft.ts";
import { library, loadLibrary } from "./state/library.ts";
import { tell } from "./state/notices.ts";
import { openLink } from "./state/sharing.ts";

/** The drill that a first visit begins with, where the library has it. */
const FIRST = "site-fire";

function takeDroppedFiles(): void {
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    const [file] = event.dataTransfer?.files ?? [];
    if (file === undefined) return;
    event.preventDefault();
    void openFile(file);
  });
}

/** Has the browser ask before a script goes that nothing else has. */
function askBeforeLoss(event: BeforeUnloadEvent): void {
  keepText();
  const text = unkeptDraft();
  if (text.trim() !== "" && !library.value.some((entry) => entry.text === text)) {
    event.preventDefault();
  }
}

/** What is shown first: what a link names, what was typed at the visit before, or a drill of the library. */
async function begin(): Promise<void> {
  const listed = loadLibrary();
  const draft = readDraft() ?? "";
  if (draft.trim() !== "") rememberText(draft);
  const example = async () => {
    await listed;
    return library.value.find(({ name }) => name === FIRST) ?? library.value[0];
  };
  const instead = async () => {
    if (draft.trim() !== "") {
      return "What is shown is not the drill of the link, but your own script of the visit before.";
    }
    return `What is shown is not the drill of the link, but an example, “${
      (await example())?.title
    }”.`;
  };
  if (await openLink(location.hash, instead)) return await listed;
  if (draft.trim() !== "") {
    await changeText(draft);
    return await listed;
  }
  const first = await example();
  if (first !== undefined) await changeText(first.text);
}

/** Keeps the page for visits without a network. */
async function keepOffline(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("./service_worker.js", { type: "module" });
  } catch {
    // Such a page needs its server next time as well, which is no news to anybody.
  }
}

function picture(now: number): void {
  onPicture(now);
  requestAnimationFrame(picture);
}

const place = document.getElementById("page")!;
place.textContent = "";
render(<App />, place);
document.addEventListener("keydown", onKey);
const asBefore = () => "What is shown is still the drill from before.";
globalThis.addEventListener("hashchange", () => void openLink(location.hash, asBefore));
globalThis.addEventListener("pagehide", keepText);
globalThis.addEventListener("beforeunload", askBeforeLoss);
takeDroppedFiles();
requestAnimationFrame(picture);
begin().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  tell({
    about: "begin",
    kind: "error",
    text: `The page could not begin: ${reason}. Load it again.`,
  });
});
void keepOffline();
