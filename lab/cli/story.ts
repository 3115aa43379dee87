/**
 * What a drill is about, for a terminal: its title, and its story in lines that can be read.
 *
 * Rule: what a terminal would obey is not passed on, and lines that somebody broke stay as they are.
 *
 * @module
 */

import type { DrillScenario } from "../scenario/drill_scenario.ts";
import { printable } from "./terminal.ts";

/** Letters of a line. */
const WIDTH = 100;

/** Title and story, with an empty line behind each. */
export function storyText({ title, story }: Pick<DrillScenario, "title" | "story">): string {
  const lines = story.trim() === "" ? [] : [...story.trimEnd().split("\n").flatMap(broken), ""];
  return [title, "", ...lines].map((line) => `${printable(line)}\n`).join("");
}

/** A line, broken at its spaces where it is long. */
function broken(line: string): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > WIDTH) {
    const space = rest.lastIndexOf(" ", WIDTH);
    if (rest.slice(0, Math.max(space, 0)).trim() === "") break;
    lines.push(rest.slice(0, space));
    rest = rest.slice(space + 1);
  }
  return [...lines, rest];
}
