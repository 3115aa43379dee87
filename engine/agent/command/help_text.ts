/**
 * Help texts and the tables of docs/AGENT.md, from the commands themselves.
 *
 * @module
 */

import { type Command, DATA_OPTION } from "./command.ts";
import { optionsOf, usageLine } from "./parse.ts";
import { formatPairs } from "./table.ts";

/** All commands, one line each. */
export function programHelp(commands: readonly Command[]): string {
  return [
    "Warmsite replicates the disks of running machines to another server.",
    "",
    "Usage: warmsite COMMAND [OPERANDS] [OPTIONS]",
    "",
    formatPairs(commands.map(({ words, operands, about }) => {
      const shown = (operands ?? []).map(({ name, optional }) => optional ? `[${name}]` : name);
      return [`  ${[words, ...shown].join(" ")}`, about];
    })),
    "",
    'See "warmsite help COMMAND". Exit codes: 0 done, 1 failed, 2 usage, 3 no server, 4 refused in ' +
    "this state.",
  ].join("\n");
}

/** One command. */
export function commandHelp(command: Command): string {
  const lines = [`Usage: ${usageLine(command)}`, "", command.about];
  if (command.details !== undefined) lines.push("", wrap(command.details, 90));
  lines.push("", "Options:", formatPairs(optionPairs(command)));
  return lines.join("\n");
}

function optionPairs(command: Command): [string, string][] {
  return Object.entries(optionsOf(command)).map(([name, { value, about, multiple }]) => {
    const typed = value === undefined ? `--${name}` : `--${name} ${value}`;
    return [`  ${typed}`, multiple === true ? `${about}; may be repeated` : about];
  });
}

function wrap(text: string, width: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1] ?? "";
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}

/** The commands as a Markdown table, for docs/AGENT.md. */
export function commandsMarkdown(commands: readonly Command[]): string {
  const rows = commands.map((command) =>
    `| \`${escapeCell(usageLine(command))}\` | ${escapeCell(command.about)} |`
  );
  return ["| command | what it does |", "|---|---|", ...rows].join("\n");
}

/** Every option that only some commands have, as a Markdown table. */
export function optionsMarkdown(commands: readonly Command[]): string {
  const rows = commands.flatMap((command) =>
    Object.entries(command.options ?? {}).flatMap(([name, option]) => {
      if (option === DATA_OPTION) return [];
      const { value, about } = option;
      const typed = value === undefined ? `--${name}` : `--${name} ${value}`;
      return [`| \`${command.words}\` | \`${escapeCell(typed)}\` | ${escapeCell(about)} |`];
    })
  );
  return ["| command | option | meaning |", "|---|---|---|", ...rows].join("\n");
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}
