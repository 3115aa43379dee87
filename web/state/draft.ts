/**
 * What was typed, kept by the browser from one visit to the next.
 *
 * Rule: a browser that keeps nothing takes nothing away: the page says so, and goes on.
 *
 * @module
 */

import { settle, tell } from "./notices.ts";

const KEY = "warmsite.draft";

let unkept = "";

/** What somebody would lose who leaves the page now: the text that could not be kept; "" for nothing. */
export function unkeptDraft(): string {
  return unkept;
}

/** The text of the visit before; undefined when there is none. */
export function readDraft(): string | undefined {
  try {
    return localStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps `text` for the next visit. */
export function keepDraft(text: string): void {
  try {
    localStorage.setItem(KEY, text);
    unkept = "";
    settle("draft");
  } catch {
    unkept = text;
    tell({
      about: "draft",
      kind: "error",
      text: "This browser cannot keep your script: its storage is full or denied. " +
        "It stays on this page; save it to a file before you leave.",
    });
  }
}
