/**
 * What the page has to tell: notices that stay until they are closed, and words for those who listen instead of looking.
 *
 * @module
 */

import { signal } from "@preact/signals";

/** Something to be told, once for each `about`. */
export interface Notice {
  /** What it is about; a new notice about the same replaces the old one. */
  readonly about: string;
  readonly kind: "error" | "info";
  readonly text: string;
  /** What can be done about it. */
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** Shown, oldest first. */
export const notices = signal<readonly Notice[]>([]);
/** Read aloud when it changes. */
export const spoken = signal("");

/** Shows a notice. */
export function tell(notice: Notice): void {
  notices.value = [...notices.value.filter(({ about }) => about !== notice.about), notice];
}

/** Takes the notice about something away. */
export function settle(about: string): void {
  if (notices.value.some((notice) => notice.about === about)) {
    notices.value = notices.value.filter((notice) => notice.about !== about);
  }
}
