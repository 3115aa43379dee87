/**
 * The scenarios that come with the project: those that were built into the page, and those of a server if there is one.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { settle, tell } from "./notices.ts";

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
  const built = await fetchList("./library.json");
  library.value = typeof built === "string" ? [] : built;
  void askServer();
}

/** Asks the server, and says so when it does not answer. A page that is handed out as plain files has none to ask. */
async function askServer(): Promise<void> {
  const items = await fetchList("./api/library");
  if (typeof items !== "string") {
    library.value = items;
    return settle("server");
  }
  if (items === "none") return;
  tell({
    about: "server",
    kind: "info",
    text:
      "The lab's server does not answer. Scenarios are those of this page; everything else goes on.",
    action: { label: "Ask again", run: () => void askServer() },
  });
}

/** The list at an address; `none` where there is no such thing, `silent` where nobody answers. */
async function fetchList(url: string): Promise<readonly LibraryEntry[] | "none" | "silent"> {
  try {
    const response = await fetch(url);
    if (response.status >= 500) return "silent";
    if (!response.ok) return "none";
    const list = await response.json() as { readonly items?: unknown };
    return Array.isArray(list.items) ? list.items.filter(isEntry) : "none";
  } catch {
    return "silent";
  }
}

function isEntry(value: unknown): value is LibraryEntry {
  const entry = value as Partial<LibraryEntry> | null;
  return typeof entry?.name === "string" && typeof entry.title === "string" &&
    typeof entry.summary === "string" && typeof entry.text === "string";
}
