/**
 * Light or dark: as the system has it, until the person chooses.
 *
 * @module
 */

import { effect, signal } from "@preact/signals";

/** A choice of colours. */
export type Theme = "light" | "dark";

const KEY = "warmsite.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function chosen(): Theme | undefined {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** The colours that are shown. */
export const theme = signal<Theme>(chosen() ?? (system.matches ? "dark" : "light"));

system.addEventListener("change", ({ matches }) => {
  if (chosen() === undefined) theme.value = matches ? "dark" : "light";
});

/** Changes to the other one, for this browser. */
export function switchTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // It holds for this visit then; nothing is lost that was worth a word.
  }
}

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

/** True for people who do not want to see things move. */
export const stillness = signal(matchMedia("(prefers-reduced-motion: reduce)").matches);
matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", ({ matches }) => {
  stillness.value = matches;
});
