/**
 * A button that adds a step to the script, with everything that the step can be given behind its "…".
 *
 * Rule: what the language would refuse is told beside its field, in the language's words, and is not added.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { StepProblem } from "../../lab/scenario/check_step.ts";
import { scenario } from "../state/drill.ts";
import { type Act, act, checkAct } from "./acts.ts";
import { type Entries, entryOf, type Field, stepOf } from "./fields.ts";

/** What is added, and what it can be given. */
export interface ActButtonOptions {
  readonly label: string;
  readonly about: string;
  /** What the step says in any case. */
  readonly fixed: Act;
  /** Asked for when they are needed, for some depend on the moment. */
  readonly fields: () => readonly Field[];
  /** There is something to open. */
  readonly more: boolean;
  /** Means nothing as long as nothing is chosen: the button only opens its fields. */
  readonly asks?: boolean;
  /** What is said below the fields. */
  readonly foot?: string;
  readonly disabled?: boolean;
}

function Control({ field, id, entry, wrong, said }: {
  readonly field: Field;
  readonly id: string;
  readonly entry: string;
  readonly wrong: boolean;
  readonly said: (text: string) => void;
}) {
  const named = {
    id,
    "aria-describedby": `${id}-about`,
    "aria-invalid": wrong,
  } as const;
  if (field.options !== undefined) {
    return (
      <select {...named} value={entry} onChange={(event) => said(event.currentTarget.value)}>
        {field.options.map(({ value, label }) => (
          <option key={value} value={value}>{label}</option>
        ))}
      </select>
    );
  }
  return (
    <input
      {...named}
      type="text"
      spellcheck={false}
      autocomplete="off"
      placeholder={field.example}
      value={entry}
      onInput={(event) => said(event.currentTarget.value)}
    />
  );
}

function FieldRow({ field, id, entry, problem, said }: {
  readonly field: Field;
  readonly id: string;
  readonly entry: string;
  readonly problem: string | undefined;
  readonly said: (text: string) => void;
}) {
  return (
    <div class="field">
      <label for={id}>{field.label}</label>
      <Control field={field} id={id} entry={entry} wrong={problem !== undefined} said={said} />
      <p id={`${id}-about`} class={problem === undefined ? "quiet" : "wrong"}>
        {problem ?? field.about}
      </p>
    </div>
  );
}

/** Brings what was opened into view, within the palette: the page around it stays where it is. */
function reveal(box: HTMLElement | null): void {
  const [button, palette] = [box?.parentElement, box?.closest(".palette-body")];
  if (!box || !button || !palette) return;
  const frame = palette.getBoundingClientRect();
  if (box.getBoundingClientRect().bottom <= frame.bottom) return;
  palette.scrollTop += button.getBoundingClientRect().top - frame.top;
}

/** The button. */
export function ActButton(options: ActButtonOptions) {
  const { label, about, fixed, more, asks = false, foot, disabled = false } = options;
  const opened = useSignal(false);
  const entries = useSignal<Entries>({});
  const wrong = useSignal<readonly StepProblem[]>([]);
  const box = useRef<HTMLFormElement>(null);
  const id = useId();
  const [read, open] = [scenario.value, opened.value];
  const fields = open ? options.fields() : [];
  const entered = open ? JSON.stringify(stepOf(fixed, fields, entries.value)) : "";
  useEffect(() => {
    if (!open) return;
    let late = false;
    void checkAct(stepOf(fixed, fields, entries.value)).then((found) => {
      if (!late) wrong.value = found;
    });
    return () => {
      late = true;
    };
  }, [entered, read, open]);

  useEffect(() => {
    if (open) reveal(box.current);
  }, [open]);

  const add = async () => {
    const step = stepOf(fixed, options.fields(), entries.value);
    const found = await checkAct(step);
    wrong.value = found;
    if (found.length === 0) return await act(step);
    opened.value = true;
    requestAnimationFrame(() =>
      box.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus()
    );
  };
  const known = new Set(fields.map(({ name }) => name));
  const others = wrong.value.filter(({ key }) => !known.has(key));
  return (
    <li class="act">
      <button
        type="button"
        title={about}
        disabled={disabled}
        aria-expanded={asks ? open : undefined}
        onClick={() => {
          if (asks) opened.value = !open;
          else void add();
        }}
      >
        {asks ? `${label}…` : label}
      </button>
      {more && !asks && (
        <button
          type="button"
          class="more"
          aria-expanded={open}
          aria-label={`Choices for ${label}`}
          disabled={disabled}
          onClick={() => {
            opened.value = !open;
          }}
        >
          …
        </button>
      )}
      {open && (
        <form
          class="choices"
          ref={box}
          aria-label={label}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            (event.currentTarget.previousElementSibling as HTMLElement | null)?.focus();
            opened.value = false;
          }}
          onSubmit={(event) => {
            event.preventDefault();
            void add();
          }}
        >
          <p>{about}</p>
          {fields.map((field) => (
            <FieldRow
              key={field.name}
              field={field}
              id={`${id}-${field.name}`}
              entry={field.options === undefined
                ? entries.value[field.name] ?? field.usual
                : entryOf(field, entries.value)}
              problem={wrong.value.find(({ key }) => key === field.name)?.message}
              said={(text) => {
                entries.value = { ...entries.value, [field.name]: text };
              }}
            />
          ))}
          {others.map(({ message }) => <p key={message} class="wrong" role="alert">{message}</p>)}
          {foot !== undefined && <p class="quiet">{foot}</p>}
          <button type="submit" class="primary" aria-label={`Add to the script: ${label}`}>
            Add to the script
          </button>
        </form>
      )}
    </li>
  );
}
