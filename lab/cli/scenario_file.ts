/**
 * A scenario as it is named on a command line: a file, or one of the library; and its problems with the lines they are about.
 *
 * @module
 */

import { readFileSync, statSync } from "node:fs";
import type { DrillScenario } from "../scenario/drill_scenario.ts";
import { type Problem, readScenario } from "../scenario/read_scenario.ts";
import { nearestWord } from "../scenario/nearest.ts";
import type { Library } from "../server/library.ts";
import { callerPath } from "./arguments.ts";
import { CommandError, printable } from "./terminal.ts";

/** Bytes of a file that may be a scenario. */
const FILE_BYTES_MAX = 1 << 20;
/** Problems that are shown. */
const SHOWN_MAX = 10;
/** Columns of a line that are shown. */
const WIDTH = 160;

/** A scenario that was found and read. */
export interface FoundScenario {
  /** As it was named. */
  readonly file: string;
  readonly text: string;
  readonly scenario: DrillScenario;
}

/** Finds and reads `file`, the name of one in the library or a path. */
export function findScenario(file: string, library: Library): FoundScenario {
  const text = library.text(file) ?? readFile(file, library);
  const read = readScenario(text);
  if (read.ok) return { file, text, scenario: read.scenario };
  throw new CommandError(
    "not-a-scenario",
    `${file} is no scenario: ${read.problems[0]?.message ?? "it is empty"}`,
    "Mend the places in `problems`",
    read.problems,
    problemText(file, text, read.problems),
  );
}

function readFile(file: string, library: Library): string {
  const path = callerPath(file);
  try {
    const { size } = statSync(path);
    if (size > FILE_BYTES_MAX) {
      throw new CommandError(
        "not-a-scenario",
        `${file} has ${size} bytes, and a scenario at most ${FILE_BYTES_MAX}`,
        "Name a scenario: a page or two of YAML",
      );
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    const near = nearestWord(file, library.names());
    throw new CommandError(
      "not-found",
      /ENOENT/.test(said)
        ? `There is no file ${path}, and the library has no "${file}"`
        : `${path} cannot be read: ${said}`,
      `${
        near === undefined ? "" : `Did you mean "${near}"? `
      }\`deno task drill --list\` shows the library`,
    );
  }
}

/** Each problem as FILE:LINE:COLUMN, with its line and a caret below the place. */
export function problemText(file: string, text: string, problems: readonly Problem[]): string {
  const lines = text.split(/\r\n|\r|\n/);
  const shown = problems.slice(0, SHOWN_MAX).map((problem) => {
    const { line, column, endLine, endColumn, message } = problem;
    const source = lines[line - 1] ?? "";
    // A long line is shown from some way before the place.
    const from = Math.max(0, column - WIDTH / 2);
    const length = endLine === line ? Math.max(1, endColumn - column) : source.length - column + 1;
    const visible = printable(source.slice(from, from + WIDTH));
    const marks = "^".repeat(Math.max(1, Math.min(length, visible.length - (column - 1 - from))));
    const number = String(line);
    return `${file}:${line}:${column}: ${message}\n` +
      `  ${number} | ${visible}\n` +
      `  ${" ".repeat(number.length)} | ${" ".repeat(Math.max(0, column - 1 - from))}${marks}\n`;
  });
  const more = problems.length - shown.length;
  return shown.join("") + (more > 0 ? `and ${more} more\n` : "");
}
