/**
 * From arguments of a process to a command and its invocation, or one sentence on what is wrong.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { usageProblem } from "../problem.ts";
import { type Command, COMMON_OPTIONS, type Option } from "./command.ts";
import { suggestion } from "./suggestion.ts";

/** A command that was chosen, and the arguments after its words. */
export interface Chosen {
  readonly command: Command;
  readonly rest: readonly string[];
}

/** Operands and options as they were typed. */
export interface Parsed {
  readonly operands: readonly string[];
  readonly options: ReadonlyMap<string, readonly string[]>;
}

/** The command that `args` begin with. The longest match counts. */
export function chooseCommand(args: readonly string[], commands: readonly Command[]): Chosen {
  const matching = commands
    .map((command) => ({ command, words: command.words.split(" ") }))
    .filter(({ words }) => words.every((word, index) => args[index] === word))
    .sort((left, right) => right.words.length - left.words.length)[0];
  if (matching !== undefined) {
    return { command: matching.command, rest: args.slice(matching.words.length) };
  }
  throw unknownCommand(args, commands);
}

function unknownCommand(args: readonly string[], commands: readonly Command[]): Error {
  const first = args.findIndex((arg) => arg.startsWith("-"));
  const words = args.slice(0, first < 0 ? 2 : Math.min(first, 2));
  const [group] = words;
  if (group === undefined) {
    const given = args.length === 0 ? "No command given" : `No command before "${args[0]}"`;
    return usageProblem(given, 'Options come after the command; look at "warmsite help"');
  }
  const members = commands.map((command) => command.words)
    .filter((name) => name.startsWith(`${group} `));
  if (members.length > 0) {
    const typed = words.length === 1 ? `"${group}" alone` : `"${words.join(" ")}"`;
    const choice = members.map((name) => `"warmsite ${name}"`).join(", ");
    const all = members.length === 1 ? `There is ${choice}` : `There are ${choice}`;
    return usageProblem(
      `No command ${typed}`,
      words.length === 1 ? all : suggestion(words.join(" "), members, all),
    );
  }
  const known = commands.flatMap(({ words: name }) => [name, name.split(" ")[0] ?? name]);
  const help = 'Look at "warmsite help"';
  const near = suggestion(words.join(" "), known, help);
  return usageProblem(
    `No command "${words.join(" ")}"`,
    near === help ? suggestion(group, known, help) : near,
  );
}

/** All options of a command. */
export function optionsOf(command: Command): Readonly<Record<string, Option>> {
  return { ...command.options, ...COMMON_OPTIONS };
}

/** Operands and options of `command` in `rest`; what does not fit is a usage problem. */
export function parseInvocation(command: Command, rest: readonly string[]): Parsed {
  const known = optionsOf(command);
  const parsed = parseArgs({
    args: [...rest],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(known).map(([name, { value }]) => [
        name,
        { type: value === undefined ? "boolean" as const : "string" as const, multiple: true },
      ]),
    ),
  });
  const options = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of parsed.tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (option === undefined) throw unknownOption(command, token.rawName, known);
    const value = checkValue(command, token, option);
    const before = options.get(token.name);
    if (before !== undefined && option.multiple !== true && option.value !== undefined) {
      throw misused(command, `${token.rawName} is given more than once`);
    }
    options.set(token.name, [...before ?? [], ...value === undefined ? [] : [value]]);
  }
  return { operands, options };
}

/** Refuses operands that are missing or too many, and required options that were not given. */
export function checkComplete(command: Command, { operands, options }: Parsed): void {
  const expected = command.operands ?? [];
  const missing = expected.slice(operands.length).find(({ optional }) => optional !== true);
  if (missing !== undefined) throw misused(command, `${missing.name} is missing`);
  const extra = operands[expected.length];
  if (extra !== undefined) throw misused(command, `"${extra}" is one word too many`);
  for (const [name, option] of Object.entries(optionsOf(command))) {
    if (option.required === true && !options.has(name)) {
      throw misused(command, `--${name} ${option.value ?? ""} is missing`.replace("  ", " "));
    }
  }
}

function checkValue(
  command: Command,
  token: {
    readonly rawName: string;
    readonly value: string | undefined;
    readonly inlineValue: boolean | undefined;
  },
  option: Option,
): string | undefined {
  if (option.value === undefined) {
    if (token.inlineValue !== true) return undefined;
    throw misused(command, `${token.rawName} takes no value`);
  }
  const swallowed = token.inlineValue !== true && token.value?.startsWith("--") === true;
  if (token.value !== undefined && token.value !== "" && !swallowed) return token.value;
  throw misused(command, `${token.rawName} needs a value: ${option.value}`);
}

function unknownOption(
  command: Command,
  typed: string,
  known: Readonly<Record<string, Option>>,
): Error {
  return usageProblem(
    `"warmsite ${command.words}" has no option "${typed}"`,
    suggestion(
      typed,
      Object.keys(known).map((name) => `--${name}`),
      `Look at "warmsite help ${command.words}"`,
    ),
  );
}

function misused(command: Command, message: string): Error {
  return usageProblem(message, `Usage: ${usageLine(command)}`);
}

/** How a command is typed, in one line; optional parts in brackets. */
export function usageLine(command: Command): string {
  const parts = [`warmsite ${command.words}`];
  for (const { name, optional } of command.operands ?? []) {
    parts.push(optional === true ? `[${name}]` : name);
  }
  for (const [name, { value, required, multiple }] of Object.entries(command.options ?? {})) {
    const typed = value === undefined ? `--${name}` : `--${name} ${value}`;
    const again = multiple === true ? ` [${typed} ...]` : "";
    parts.push(required === true ? `${typed}${again}` : `[${typed}${multiple ? " ..." : ""}]`);
  }
  return parts.join(" ");
}
