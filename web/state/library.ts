/**
 * The scenarios that come with the project: those that were built into the page, and those of a server if there is one.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { ask } from "./lab_server.ts";
import { loadSaved } from "./saved_scenarios.ts";

/** One of them. */
export interface LibraryEntry {
  readonly name: string;
  readonly title: string;
  /** One line of its story. */
  readonly summary: string;
  readonly text: string;
}

/** All that are known, in the order of their names. */
export const library = signal<readonly LibraryEntry[]>([]);

/** Reads what was built in, then asks the server, whose own list is newer. */
export async function loadLibrary(): Promise<void> {
  library.value = await builtIn() ?? [];
  void askServer();
}

/** Asks the server for its scenarios, those of the library and those that were saved. */
export async function askServer(): Promise<void> {
  const answer = await ask("library");
  if (!answer.ok) return;
  library.value = entriesIn(answer.value) ?? library.value;
  await loadSaved();
}

async function builtIn(): Promise<readonly LibraryEntry[] | undefined> {
  try {
    return entriesIn(await (await fetch("./library.json")).json());
  } catch {
    return undefined;
  }
}

function entriesIn(list: unknown): readonly LibraryEntry[] | undefined {
  const { items } = (list ?? {}) as { readonly items?: unknown };
  return Array.isArray(items) ? items.filter(isEntry) : undefined;
}

function isEntry(value: unknown): value is LibraryEntry {
  const entry = value as Partial<LibraryEntry> | null;
  return typeof entry?.name === "string" && typeof entry.title === "string" &&
    typeof entry.summary === "string" && typeof entry.text === "string";
}
