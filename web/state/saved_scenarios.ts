/**
 * Scenarios that the lab's server keeps: saved from the editor, opened, copied under another name, deleted.
 *
 * Rule: nothing of the script is touched before the server has answered, and what it refuses leaves everything as it was.
 * Whoever saves over a text says which revision was seen; where it is another one by now, the person chooses.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { readableText } from "../../lab/scenario/readable_text.ts";
import { renameScenario, SCENARIO_NAME } from "../../lab/scenario/rename.ts";
import { changeText, problems, readNow, scenario, seed, text } from "./drill.ts";
import { type Answer, ask, type Refusal } from "./lab_server.ts";
import { library } from "./library.ts";
import { forget, see, seen } from "./seen_texts.ts";

/** One that is saved. */
export interface SavedEntry {
  readonly name: string;
  readonly title: string;
  readonly revision: string;
}

interface WholeEntry extends SavedEntry {
  readonly text: string;
}

/** Something that can be done about what was told. */
export interface Remedy {
  readonly label: string;
  readonly run: () => void;
}

/** What came of the last thing that the server was asked for. */
export interface Outcome {
  readonly kind: "done" | "error";
  readonly text: string;
  readonly remedies: readonly Remedy[];
}

/** All that are saved, in the order of their names. */
export const saved = signal<readonly SavedEntry[]>([]);
/** Shown beside the buttons until something else is done. */
export const outcome = signal<Outcome | undefined>(undefined);
/** What a person is asked before it is done. */
export const asking = signal<"fork" | "delete" | undefined>(undefined);
/** The server is being asked. */
export const busy = signal(false);

/** Entries that are read at once, and lists that are read at most: nobody chooses among more. */
const PAGE = 100;
const PAGES_MAX = 20;

/** Reads the list of those that are saved; what was known stays where nobody answers. */
export async function loadSaved(): Promise<void> {
  const found: SavedEntry[] = [];
  let after: string | null = "";
  for (let page = 0; page < PAGES_MAX && after !== null; page++) {
    const answer: Answer = await ask(`scenarios?limit=${PAGE}&after=${after}`);
    if (!answer.ok) return;
    const { items, next } = answer.value as Readonly<Record<string, unknown>>;
    found.push(...Array.isArray(items) ? items.filter(isEntry) : []);
    after = typeof next === "string" ? next : null;
  }
  saved.value = found;
}

/** Brings a saved one into the editor, and runs it. True if it is there. */
export async function openSaved(name: string): Promise<boolean> {
  return await working(async () => {
    const answer = await ask(pathOf(name));
    const entry = answer.ok ? wholeEntry(answer.value) : undefined;
    if (entry === undefined) {
      if (!answer.ok && answer.code === "not-found") gone(name);
      failed(`"${name}" cannot be opened, and your script is as it was`, answer);
      return false;
    }
    const text = readableText(entry.text);
    see(name, { revision: entry.revision, text });
    seed.value = undefined;
    outcome.value = undefined;
    await changeText(text);
    return true;
  }) ?? false;
}

/** Saves what is in the editor under its name. */
export async function saveHere(): Promise<void> {
  await working(async () => {
    const script = await readScript("saved");
    if (script === undefined) return;
    const known = seen.value.get(script.name);
    let answer = await sent(script, known?.revision);
    // Somebody deleted it meanwhile, and takes nothing from anybody who still has the text.
    if (!answer.ok && answer.code === "not-found") answer = await sent(script, undefined);
    if (answer.ok) return stored(answer, `Saved on this lab as "${script.name}".`);
    failed("Nothing was saved", answer, remediesOf(answer, script.name));
  });
}

/** Saves what is in the editor under its name, over whatever is there. */
async function replaceHere(): Promise<void> {
  await working(async () => {
    const script = await readScript("saved");
    if (script === undefined) return;
    const answer = await sent(script, "*");
    if (answer.ok) return stored(answer, `Saved on this lab as "${script.name}".`);
    failed("Nothing was saved", answer);
  });
}

/** Saves what is in the editor under another name, and goes on with that. True if it was. */
export async function forkHere(name: string): Promise<boolean> {
  return await working(async () => {
    if (!SCENARIO_NAME.test(name)) {
      failed('A name has lower-case letters, digits and "-", at most 64 of them.');
      return false;
    }
    const script = await readScript("copied");
    if (script === undefined) return false;
    let answer = await ask(`${pathOf(script.name)}/fork`, {
      method: "POST",
      body: { name, text: script.text },
    });
    // What it is a copy of came from a file or a link, and is not known there.
    if (!answer.ok && answer.code === "not-found") {
      answer = await sent({ name, text: renameScenario(script.text, name) }, undefined);
    }
    if (!answer.ok) {
      failed("Nothing was copied", answer);
      return false;
    }
    await stored(answer, `Saved on this lab as "${name}", which is in the editor now.`);
    // Whatever was typed since the server was asked stays.
    await changeText(renameScenario(text.value, name));
    return true;
  }) ?? false;
}

/** Deletes the saved one of that name; the script stays in the editor. True if it is gone. */
export async function deleteSaved(name: string): Promise<boolean> {
  return await working(async () => {
    const revision = seen.value.get(name)?.revision ??
      saved.value.find((entry) => entry.name === name)?.revision ?? "*";
    return await deleted(name, revision);
  }) ?? false;
}

async function deleted(name: string, revision: string): Promise<boolean> {
  const answer = await ask(pathOf(name), { method: "DELETE", revision });
  if (!answer.ok && answer.code !== "not-found") {
    const remedy = { label: "Delete it all the same", run: () => void deleteAnyway(name) };
    failed("Nothing was deleted", answer, answer.code === "changed" ? [remedy] : []);
    return false;
  }
  gone(name);
  done(`"${name}" is deleted on this lab. The script stays in the editor.`);
  return true;
}

async function deleteAnyway(name: string): Promise<void> {
  await working(() => deleted(name, "*"));
}

interface Script {
  readonly name: string;
  readonly text: string;
}

/** The script as it stands; where it is none, that is said. */
async function readScript(wanted: string): Promise<Script | undefined> {
  await readNow();
  const [first] = problems.value;
  const { name } = scenario.value ?? {};
  if (first === undefined && name !== undefined) return { name, text: text.value };
  const place = first === undefined
    ? ""
    : ` Line ${first.line}, column ${first.column}: ${first.message}.`;
  failed(
    `The script is no scenario yet, so it was not ${wanted}.${place} "Save file" keeps it as it is.`,
  );
  return undefined;
}

async function sent({ name, text }: Script, revision: string | undefined): Promise<Answer> {
  return revision === undefined
    ? await ask("scenarios", { method: "POST", body: { text } })
    : await ask(pathOf(name), { method: "PUT", body: { text }, revision });
}

/** What can be done where a name is taken, or somebody else was faster. */
function remediesOf({ code }: Refusal, name: string): readonly Remedy[] {
  if (code !== "changed" && code !== "exists") return [];
  if (code === "exists" && isOfLibrary(name)) {
    return [{ label: "Fork it…", run: askForName }];
  }
  return [
    { label: "Replace what is there", run: () => void replaceHere() },
    { label: "Open what is there", run: () => void openSaved(name) },
  ];
}

async function stored(answer: Answer, said: string): Promise<void> {
  const entry = answer.ok ? wholeEntry(answer.value) : undefined;
  if (entry !== undefined) see(entry.name, entry);
  done(said);
  await loadSaved();
}

function gone(name: string): void {
  forget(name);
  saved.value = saved.value.filter((entry) => entry.name !== name);
}

function done(said: string): void {
  outcome.value = { kind: "done", text: said, remedies: [] };
}

function failed(said: string, answer?: Answer, remedies: readonly Remedy[] = []): void {
  const why = answer === undefined
    ? ""
    : answer.ok
    ? ": the server's answer cannot be read."
    : `: ${lowered(answer)}`;
  outcome.value = { kind: "error", text: `${said}${why}`, remedies };
}

/** A reason behind a colon; words in quotes stay as they are. */
function lowered({ code, text }: Refusal): string {
  const whole = code === "silent" ? `${text} "Save file" keeps the script meanwhile.` : text;
  return whole.charAt(0).toLowerCase() + whole.slice(1);
}

/** One thing at a time. */
async function working<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  if (busy.value) return undefined;
  busy.value = true;
  try {
    return await work();
  } finally {
    busy.value = false;
  }
}

function askForName(): void {
  outcome.value = undefined;
  asking.value = "fork";
}

/** True for a name of the library. */
function isOfLibrary(name: string): boolean {
  return library.value.some((entry) => entry.name === name);
}

/** True for a name that something is saved under. */
export function isSaved(name: string): boolean {
  return saved.value.some((entry) => entry.name === name);
}

/** A name that is free, for a copy of `name`. */
export function freeName(name: string): string {
  for (let count = 2;; count++) {
    const end = `-${count}`;
    const free = `${name.slice(0, 64 - end.length)}${end}`;
    if (!isSaved(free)) return free;
  }
}

const pathOf = (name: string) => `scenarios/${encodeURIComponent(name)}`;

function isEntry(value: unknown): value is SavedEntry {
  const entry = value as Partial<SavedEntry> | null;
  return typeof entry?.name === "string" && typeof entry.title === "string" &&
    typeof entry.revision === "string";
}

function wholeEntry(value: unknown): WholeEntry | undefined {
  const entry = value as Partial<WholeEntry>;
  return isEntry(value) && typeof entry.text === "string" ? entry as WholeEntry : undefined;
}
