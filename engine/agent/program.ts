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
  if (args.length === 0) {
    terminal.out(`${programHelp(commands)}\n`);
    // Nothing was asked for: the help is shown, and a script learns that it did nothing.
    return EXIT.usage;
  }
  const { command, rest } = chooseCommand(spelledOut(args, commands), commands);
  const parsed = parseInvocation(command, rest.map((arg) => arg === "-h" ? "--help" : arg));
  const invocation = { ...parsed, json, terminal };
  if (isGiven(invocation, "help")) {
    const text = commandHelp(command);
    terminal.out(json ? `${JSON.stringify(text.split("\n"))}\n` : `${text}\n`);
    return EXIT.done;
  }
  checkComplete(command, parsed);
  const answer = await command.run(invocation);
  if (typeof answer === "number") return answer;
  terminal.out(json ? `${JSON.stringify(answer.value)}\n` : `${answer.text}\n`);
  return EXIT.done;
}

/** What people type before they know the commands, as a command. */
function spelledOut(args: readonly string[], commands: readonly Command[]): readonly string[] {
  const [first, ...rest] = args;
  if (first === "--help" || first === "-h") return ["help", ...rest];
  if (first === "--version" || first === "-V") return ["version", ...rest];
  const options = args.findIndex((arg) => arg.startsWith("-"));
  const words = options < 0 ? args : args.slice(0, options);
  const asksForHelp = args.slice(words.length).some((arg) => arg === "--help" || arg === "-h");
  // `warmsite vm --help`: "vm" alone is no command, and there is help for it.
  const isGroup = commands.some((command) => command.words.startsWith(`${words.join(" ")} `));
  return asksForHelp && isGroup
    ? ["help", ...args.filter((arg) => arg !== "--help" && arg !== "-h")]
    : args;
}
