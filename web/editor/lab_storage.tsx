/**
 * What the lab's server does for the script: it saves it, copies it under another name, and deletes what it saved.
 *
 * Rule: what comes of it is told here. Without a server it says so, and files go on as before.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { scenario, text } from "../state/drill.ts";
import { server } from "../state/lab_server.ts";
import { askServer, library } from "../state/library.ts";
import {
  asking,
  busy,
  deleteSaved,
  forkHere,
  freeName,
  isSaved,
  outcome,
  saved,
  saveHere,
} from "../state/saved_scenarios.ts";
import { seen } from "../state/seen_texts.ts";

/** How the script stands to what is kept, in a few words. */
function standing(name: string): string {
  if (isSaved(name)) {
    const known = seen.value.get(name);
    const entry = saved.value.find((each) => each.name === name);
    if (known === undefined) return "another one is saved under this name";
    if (known.text !== text.value) return "changed since it was saved";
    return entry?.revision === known.revision ? "saved" : "saved, and changed there since";
  }
  const entry = library.value.find((each) => each.name === name);
  if (entry === undefined) return "not saved";
  return entry.text === text.value ? "of the library" : "of the library, changed";
}

/** Brings the keyboard back to the button that asked. */
function leave(): void {
  const { value } = asking;
  asking.value = undefined;
  requestAnimationFrame(() =>
    document.querySelector<HTMLElement>(`[data-asks="${value}"]`)?.focus()
  );
}

function ForkForm({ name }: { readonly name: string }) {
  const chosen = useSignal(freeName(name));
  const field = useRef<HTMLInputElement>(null);
  // With the form, and not a picture later: what is typed until then would go elsewhere.
  useLayoutEffect(() => field.current?.select(), []);
  return (
    <form
      class="lab-question"
      onSubmit={(event) => {
        event.preventDefault();
        void forkHere(chosen.value.trim()).then((made) => made && leave());
      }}
      onKeyDown={(event) => event.key === "Escape" && leave()}
    >
      <label>
        New name
        <input
          ref={field}
          type="text"
          size={22}
          maxLength={64}
          spellcheck={false}
          autocomplete="off"
          value={chosen.value}
          onInput={(event) => {
            chosen.value = event.currentTarget.value;
          }}
        />
      </label>
      <button type="submit" class="primary" disabled={busy.value}>Fork</button>
      <button type="button" onClick={leave}>Cancel</button>
    </form>
  );
}

function DeleteQuestion({ name }: { readonly name: string }) {
  const keep = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => keep.current?.focus(), []);
  return (
    <div
      class="lab-question"
      role="group"
      aria-labelledby="delete-question"
      onKeyDown={(event) => event.key === "Escape" && leave()}
    >
      <p id="delete-question">Delete “{name}” on this lab? The script stays in the editor.</p>
      <button
        type="button"
        disabled={busy.value}
        onClick={() => void deleteSaved(name).then(leave)}
      >
        Delete
      </button>
      <button type="button" ref={keep} onClick={leave}>Keep it</button>
    </div>
  );
}

function Told() {
  const told = outcome.value;
  if (told === undefined) return null;
  const { kind, text, remedies } = told;
  return (
    <div class={`lab-told ${kind}`} role={kind === "error" ? "alert" : "status"}>
      <p>{text}</p>
      {remedies.map(({ label, run }) => (
        <button key={label} type="button" onClick={run}>{label}</button>
      ))}
      <button
        type="button"
        aria-label={`Close: ${text}`}
        onClick={() => {
          outcome.value = undefined;
        }}
      >
        ✕
      </button>
    </div>
  );
}

/** Nobody answers, or nobody is there. */
function Absent() {
  if (server.value === "none") {
    return <p class="lab-absent quiet">No lab is behind this page: files keep what you write.</p>;
  }
  return (
    <div class="lab-absent" role="status">
      <p>
        The lab's server does not answer. Drills run all the same, and files keep what you write.
      </p>
      <button type="button" onClick={() => void askServer()}>Ask again</button>
    </div>
  );
}

function Buttons({ name }: { readonly name: string }) {
  const ask = (what: "fork" | "delete") => () => {
    outcome.value = undefined;
    asking.value = what;
  };
  return (
    <div class="lab-row">
      <p>
        On this lab: <span class="quiet">{name === "" ? "no scenario yet" : standing(name)}</span>
      </p>
      <div class="tools">
        <button type="button" disabled={busy.value} onClick={() => void saveHere()}>
          Save to lab
        </button>
        <button
          type="button"
          data-asks="fork"
          disabled={busy.value || name === ""}
          onClick={ask("fork")}
        >
          Fork…
        </button>
        <button
          type="button"
          data-asks="delete"
          disabled={busy.value || !isSaved(name)}
          onClick={ask("delete")}
        >
          Delete…
        </button>
      </div>
    </div>
  );
}

/** The lab's part of the editor. */
export function LabStorage() {
  const name = scenario.value?.name ?? "";
  const here = server.value === "here";
  return (
    <div class="lab-storage">
      {here && <Buttons name={name} />}
      {(server.value === "none" || server.value === "silent") && <Absent />}
      {here && asking.value === "fork" && name !== "" && <ForkForm key={name} name={name} />}
      {here && asking.value === "delete" && isSaved(name) && <DeleteQuestion name={name} />}
      <Told />
    </div>
  );
}
