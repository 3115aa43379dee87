/**
 * The words behind a command, taken apart, or one sentence on what is wrong with them.
 *
 * @module
 */

import { parseArgs, type ParseArgsConfig } from "node:util";
import { resolve } from "node:path";
import { CommandError } from "./terminal.ts";

/** Options of a command: whether each takes a value. */
export type OptionTypes = Readonly<Record<string, "string" | "boolean">>;

/** What was typed. */
export interface Typed {
  readonly operands: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  readonly switches: ReadonlySet<string>;
}

/** Takes `args` apart; `help` says where to look when they make no sense. */
export function takeApart(args: readonly string[], types: OptionTypes, help: string): Typed {
  const options: ParseArgsConfig["options"] = Object.fromEntries(
    Object.entries(types).map(([name, type]) => [name, { type }]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    });
    const entries = Object.entries(values);
    return {
      operands: positionals,
      values: Object.fromEntries(
        entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
      ),
      switches: new Set(entries.filter(([, value]) => value === true).map(([name]) => name)),
    };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence] = error.message.split(/\.\s/);
    throw usage(sentence!, help);
  }
}

/** A whole number that is not negative and at most `most`. */
export function wholeNumber(text: string, option: string, most: number, help: string): number {
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value <= most) return value;
  throw usage(`${option} is not a whole number from 0 to ${most}: "${text.slice(0, 40)}"`, help);
}

/** The command line makes no sense. */
export function usage(message: string, help: string): CommandError {
  return new CommandError("usage", message, help);
}

/** A path as the person meant who typed it: a task runs in the checkout, and is told where that was. */
export function callerPath(path: string): string {
  return resolve(Deno.env.get("INIT_CWD") || Deno.cwd(), path);
}
