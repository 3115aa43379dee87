/**
 * What a command of the program is: words, operands, options, and what it does.
 *
 * Rule: parsing, help texts and the tables of docs/AGENT.md are made from these values, so that
 * nothing is documented that is not parsed, and the other way round.
 *
 * @module
 */

/** Anything that JSON can hold, as the program prints it. */
export type Value = null | boolean | number | string | readonly Value[] | ValueObject;

/** An object of it. */
export interface ValueObject {
  readonly [key: string]: Value | undefined;
}

/** An operand of a command, e.g. `VM`. */
export interface Operand {
  /** As help texts show it. */
  readonly name: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
}

/** An option of a command. */
export interface Option {
  /** Placeholder of its value, e.g. `DIR`; without one it is a switch. */
  readonly value?: string;
  /** One line. */
  readonly about: string;
  /** Whether it must be given. */
  readonly required?: boolean;
  /** Whether it may be given more than once. */
  readonly multiple?: boolean;
}

/** What was typed, taken apart. */
export interface Invocation {
  /** Operands in order. */
  readonly operands: readonly string[];
  /** Values of options that were given; of a switch an empty list. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** Whether exactly one JSON value is to be printed. */
  readonly json: boolean;
  /** Where to write while the command runs. */
  readonly terminal: Terminal;
}

/** Where a command writes. */
export interface Terminal {
  /** Standard output, for what was asked for. */
  out(text: string): void;
  /** Standard error, for progress, logs and trouble. */
  err(text: string): void;
}

/** What a command answers. */
export interface Answer {
  /** With `--json`; must not depend on it being asked for. */
  readonly value: Value;
  /** Without; lines without a last newline. */
  readonly text: string;
}

/** One command. */
export interface Command {
  /** The words that choose it, e.g. `vm add`. */
  readonly words: string;
  /** One line: what it does. */
  readonly about: string;
  /** Further lines of its help. */
  readonly details?: string;
  readonly operands?: readonly Operand[];
  readonly options?: Readonly<Record<string, Option>>;
  /** What the verb of these words is told, where a server does it. */
  readonly tells?: (invocation: Invocation) => ValueObject;
  /** Does it. Commands that print while they run return the exit code when all is said. */
  run(invocation: Invocation): Promise<Answer | number>;
}

/** The data folder, which most commands need. */
export const DATA_OPTION: Option = {
  value: "DIR",
  about: "The server's home, made by `warmsite init`",
  required: true,
};

/** Options that every command has. */
export const COMMON_OPTIONS: Readonly<Record<string, Option>> = {
  json: { about: "Print exactly one JSON value, errors included" },
  help: { about: "Show the help of the command" },
};

/** The operand at `index`, which the parser has made sure of. */
export function operand(invocation: Invocation, index: number): string {
  return invocation.operands[index] ?? "";
}

/** The value of an option that may be given once; `undefined` when it was not. */
export function option(invocation: Invocation, name: string): string | undefined {
  return invocation.options.get(name)?.[0];
}

/** The value of an option that the parser has made sure of. */
export function requiredOption(invocation: Invocation, name: string): string {
  return option(invocation, name) ?? "";
}

/** Whether a switch was given. */
export function isGiven(invocation: Invocation, name: string): boolean {
  return invocation.options.has(name);
}
