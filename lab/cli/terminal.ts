/**
 * Where a command of the lab writes, and how it says that it could not do what was asked.
 *
 * @module
 */

import type { Problem } from "../scenario/read_scenario.ts";

/** Where a command writes. */
export interface Terminal {
  /** Standard output: what was asked for. */
  out(text: string): void;
  /** Standard error: progress and trouble. */
  err(text: string): void;
  /** Whether a person looks at standard error. */
  readonly watched: boolean;
}

/** How commands end; scripts rely on these numbers. */
export const EXIT = {
  /** Every expectation holds. */
  passed: 0,
  /** One does not. */
  failed: 1,
  /** The command line makes no sense, or what it names is no scenario. */
  usage: 2,
} as const;

/** What a person, or a file of theirs, got wrong. */
export class CommandError extends Error {
  override name = "CommandError";
  /** Stable. */
  readonly code: "usage" | "not-found" | "not-a-scenario" | "unwritable" | "no-page";
  /** What to do. */
  readonly action: string;
  /** Where a text is no scenario. */
  readonly problems: readonly Problem[];
  /** The problems as a person reads them, with the lines that they are about. */
  readonly shown: string;

  constructor(
    code: CommandError["code"],
    message: string,
    action: string,
    problems: readonly Problem[] = [],
    shown = "",
  ) {
    super(message);
    this.code = code;
    this.action = action;
    this.problems = problems;
    this.shown = shown;
  }

  /** Tells it, as JSON on standard output where that was asked for; gives the exit code. */
  tell(terminal: Terminal, json: boolean): number {
    const { code, message, action, problems } = this;
    if (json) {
      const error = { code, message, action, ...problems.length > 0 ? { problems } : {} };
      terminal.out(`${JSON.stringify({ error })}\n`);
    } else if (this.shown !== "") terminal.err(this.shown);
    else terminal.err(`${message}\n  ${action}\n`);
    return EXIT.usage;
  }
}

/** One column for each letter, and nothing that a terminal would obey. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- Control letters are what is to be found
  return text.replace(/\t/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}
