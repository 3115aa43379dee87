/**
 * The script with its tools: undo, redo, files, and what is wrong with it.
 *
 * @module
 */

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import {
  canRedo,
  canUndo,
  isStale,
  openText,
  play,
  problems,
  redo,
  scenario,
  text,
  typeText,
  undo,
} from "../state/drill.ts";
import { readChosen, saveAs, UnreadableFile } from "../state/files.ts";
import { settle, tell } from "../state/notices.ts";
import type { ScriptEditor } from "./code_mirror.ts";
import { LabStorage } from "./lab_storage.tsx";

/** Takes a file that the person chose or dropped. */
export async function openFile(file: File): Promise<void> {
  try {
    await openText(await readChosen(file));
    settle("file");
  } catch (error) {
    const text = error instanceof UnreadableFile ? error.message : `${file.name} cannot be read.`;
    tell({ about: "file", kind: "error", text: `${text} Your script is as it was.` });
  }
}

function saveFile(): void {
  saveAs(`${scenario.value?.name ?? "drill"}.yaml`, "application/yaml", text.value);
}

/** The editor in its place; a plain field until it is loaded, and for good where it cannot be. */
function Script() {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<ScriptEditor | undefined>(undefined);
  const ready = useSignal(false);
  useEffect(() => {
    let left = false;
    void import("./code_mirror.ts").then(({ ScriptEditor }) => {
      if (left || place.current === null) return;
      const owner = {
        typed: typeText,
        undo: () => void undo(),
        redo: () => void redo(),
        play: () => void play(),
      };
      editor.current = new ScriptEditor(place.current, text.value, owner);
      ready.value = true;
    }, () => {
      // The plain field stays, which does all but colours.
    });
    return () => {
      left = true;
      editor.current?.close();
    };
  }, []);
  const [shown, wrong, isReady] = [text.value, problems.value, ready.value];
  useEffect(() => {
    // As the text is by now: somebody may have typed since this was drawn.
    editor.current?.show(text.peek());
    editor.current?.mark(wrong);
  }, [shown, wrong, isReady]);
  return (
    <div class="script" ref={place}>
      {!isReady && (
        <textarea
          aria-label="Script"
          spellcheck={false}
          value={shown}
          onInput={(event) => typeText(event.currentTarget.value)}
        />
      )}
    </div>
  );
}

/** Above the script: its foot is often below what is in view. */
function Problems() {
  const wrong = problems.value;
  if (wrong.length === 0) return null;
  const [first] = wrong;
  return (
    <p class="problems" role="alert">
      Line {first!.line}, column {first!.column}: {first!.message}
      {wrong.length > 1 && ` (and ${wrong.length - 1} more)`}
    </p>
  );
}

/** The editor's panel. */
export function Editor() {
  return (
    <section class="editor" aria-label="Script">
      <header class="panel-head">
        <h2>Script</h2>
        <div class="tools">
          <button type="button" disabled={!canUndo.value} onClick={() => void undo()}>Undo</button>
          <button type="button" disabled={!canRedo.value} onClick={() => void redo()}>Redo</button>
          <label class="button" tabIndex={-1}>
            Open file
            <input
              type="file"
              class="hidden"
              aria-label="Open file"
              accept=".yaml,.yml,.json"
              onChange={(event) => {
                const [file] = event.currentTarget.files ?? [];
                if (file !== undefined) void openFile(file);
                event.currentTarget.value = "";
              }}
            />
          </label>
          <button type="button" onClick={saveFile}>Save file</button>
          <button
            type="button"
            class={isStale.value ? "primary" : ""}
            disabled={!isStale.value || problems.value.length > 0}
            title="Run the script as it stands (Ctrl-Enter)"
            onClick={() => void play()}
          >
            Run
          </button>
        </div>
      </header>
      <Problems />
      <LabStorage />
      <Script />
    </section>
  );
}
