/**
 * The editor of scripts: CodeMirror with YAML, with what is wrong at its place, and with words to choose from.
 *
 * Rule: loaded by itself, when the page already stands. It has no history of its own: the page's is the one that clicks and
 * typing share.
 *
 * @module
 */

import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState, type Text, Transaction } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Problem } from "../../lab/scenario/read_scenario.ts";
import { completeWord } from "./words.ts";

/** What the page does for the editor. */
export interface EditorOwner {
  readonly typed: (text: string) => void;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly play: () => void;
}

/** Colours by the style sheet's names, so that both themes are one. */
const HIGHLIGHT = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-name)" },
  { tag: [tags.string, tags.content], color: "var(--text)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
  {
    tag: [tags.punctuation, tags.separator, tags.brace, tags.squareBracket],
    color: "var(--quiet)",
  },
  { tag: [tags.number, tags.bool], color: "var(--code-value)" },
]);

/** An editor in an element of the page. */
export class ScriptEditor {
  readonly #view: EditorView;

  constructor(parent: HTMLElement, text: string, owner: EditorOwner) {
    const act = (run: () => void) => () => {
      run();
      return true;
    };
    this.#view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          lintGutter(),
          drawSelection(),
          highlightActiveLine(),
          bracketMatching(),
          yaml(),
          syntaxHighlighting(HIGHLIGHT),
          autocompletion({ override: [completeWord] }),
          EditorState.tabSize.of(2),
          EditorView.contentAttributes.of({ "aria-label": "Script", "tabindex": "0" }),
          keymap.of([
            { key: "Mod-z", run: act(owner.undo), preventDefault: true },
            { key: "Mod-y", run: act(owner.redo), preventDefault: true },
            { key: "Mod-Shift-z", run: act(owner.redo), preventDefault: true },
            { key: "Mod-Enter", run: act(owner.play), preventDefault: true },
            ...completionKeymap,
            ...lintKeymap,
            ...defaultKeymap,
            indentWithTab,
          ]),
          EditorView.updateListener.of(({ docChanged, transactions, state }) => {
            const byPerson = transactions.some((each) =>
              each.annotation(Transaction.remote) !== true
            );
            if (docChanged && byPerson) owner.typed(state.doc.toString());
          }),
        ],
      }),
    });
  }

  /** Shows another text where it differs, and goes to the place. */
  show(text: string): void {
    const { doc } = this.#view.state;
    const old = doc.toString();
    if (old === text) return;
    const least = Math.min(old.length, text.length);
    let from = 0;
    while (from < least && old[from] === text[from]) from++;
    let tail = 0;
    while (tail < least - from && old.at(-1 - tail) === text.at(-1 - tail)) tail++;
    this.#view.dispatch({
      changes: { from, to: old.length - tail, insert: text.slice(from, text.length - tail) },
      annotations: Transaction.remote.of(true),
    });
    this.reveal(from + 1);
  }

  /** Brings a place of the text into view, within the editor: the page around it stays where it is. */
  reveal(offset: number): void {
    const at = Math.min(offset, this.#view.state.doc.length);
    const { scrollDOM } = this.#view;
    scrollDOM.scrollTop = this.#view.lineBlockAt(at).top - scrollDOM.clientHeight / 2;
  }

  /** Marks what is wrong. */
  mark(problems: readonly Problem[]): void {
    const { doc } = this.#view.state;
    const marks = problems.map((problem): Diagnostic => {
      const from = offsetOf(doc, problem.line, problem.column);
      const to = Math.max(from, offsetOf(doc, problem.endLine, problem.endColumn));
      return { from, to, severity: "error", message: problem.message };
    });
    this.#view.dispatch(setDiagnostics(this.#view.state, marks));
  }

  /** Takes the editor away. */
  close(): void {
    this.#view.destroy();
  }
}

function offsetOf(doc: Text, line: number, column: number): number {
  const { from, to } = doc.line(Math.max(1, Math.min(line, doc.lines)));
  return Math.max(from, Math.min(to, from + column - 1));
}
