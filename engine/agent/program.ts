/**
 * The program: from the arguments of a process to what it prints and its exit code.
 *
 * Rule: with `--json` exactly one value goes to standard output, errors included; without, standard
 * output has what was asked for and standard error what went wrong.
 *
 * @module
 */

import { type Command, isGiven, type Terminal } from "./command/command.ts";
import { commandHelp, programHelp } from "./command/help_text.ts";
import { checkComplete, chooseCommand, parseInvocation } from "./command/parse.ts";
import { describeProblem, EXIT, exitCodeOf, problemOf } from "./problem.ts";

/** Runs the command that `args` spell; returns the exit code. */
export async function runProgram(
  args: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
): Promise<number> {
  // Looked for by itself, so that what cannot be parsed is reported in the way that was asked for.
  const json = args.includes("--json");
  try {
    return await dispatch(args, commands, terminal, json);
  } catch (error) {
    const problem = problemOf(error);
    const { code, side, message, action } = problem;
    if (json) terminal.out(`${JSON.stringify({ error: { code, side, message, action } })}\n`);
    else terminal.err(`${describeProblem(problem)}\n`);
    return exitCodeOf(problem);
  }
}

async function dispatch(
  args: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
  json: boolean,
): Promise<number> {
  const asked = shortcut(args);
  if (asked === "help" && args.length <= 1) {
    terminal.out(`${programHelp(commands)}\n`);
    // Nothing was asked for: the help is shown, and a script learns that it did nothing.
    return args.length === 0 ? EXIT.usage : EXIT.done;
  }
  const { command, rest } = chooseCommand(
    asked === undefined ? args : [asked, ...args.slice(1)],
    commands,
  );
  const parsed = parseInvocation(command, rest.map((arg) => arg === "-h" ? "--help" : arg));
  const invocation = { ...parsed, json, terminal };
  if (isGiven(invocation, "help")) {
    terminal.out(`${commandHelp(command)}\n`);
    return EXIT.done;
  }
  checkComplete(command, parsed);
  const answer = await command.run(invocation);
  if (typeof answer === "number") return answer;
  terminal.out(json ? `${JSON.stringify(answer.value)}\n` : `${answer.text}\n`);
  return EXIT.done;
}

/** What people type before they know the commands. */
function shortcut(args: readonly string[]): "help" | "version" | undefined {
  switch (args[0]) {
    case undefined:
    case "--help":
    case "-h":
      return "help";
    case "--version":
    case "-V":
      return "version";
    default:
      return undefined;
  }
}
