/**
 * What this browser saw last of scenarios that the lab's server keeps: by that a change of somebody else's is noticed.
 *
 * Rule: it is a help alone. A browser that keeps nothing has the person asked more often, and loses nothing.
 *
 * @module
 */

import { signal } from "@preact/signals";

/** A text that was read from the server or saved there, and the revision that it has. */
export interface SeenText {
  readonly revision: string;
  readonly text: string;
}

const KEY = "warmsite.seen";
/** The most that are kept from one visit to the next; the newest ones. */
const KEPT = 8;

/** By name, the newest last. */
export const seen = signal<ReadonlyMap<string, SeenText>>(readKept());

/** It was read or saved just now. */
export function see(name: string, text: SeenText): void {
  const others = [...seen.value].filter(([other]) => other !== name);
  keep([...others, [name, text]]);
}

/** It is not there any more. */
export function forget(name: string): void {
  keep([...seen.value].filter(([other]) => other !== name));
}

function keep(entries: readonly (readonly [string, SeenText])[]): void {
  seen.value = new Map(entries);
  try {
    localStorage.setItem(KEY, JSON.stringify(entries.slice(-KEPT)));
  } catch {
    // Then a save at the next visit asks before it replaces something.
  }
}

function readKept(): ReadonlyMap<string, SeenText> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return new Map(Array.isArray(kept) ? kept.filter(isEntry) : []);
  } catch {
    return new Map();
  }
}

function isEntry(value: unknown): value is [string, SeenText] {
  const [name, text] = Array.isArray(value) ? value as unknown[] : [];
  const { revision, text: written } = (text ?? {}) as Partial<SeenText>;
  return typeof name === "string" && typeof revision === "string" && typeof written === "string";
}
