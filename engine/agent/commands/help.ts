/**
 * `warmsite help` and `warmsite version`.
 *
 * @module
 */

import type { Command } from "../command/command.ts";
import { chooseCommand } from "../command/parse.ts";
import { commandHelp, programHelp } from "../command/help_text.ts";
import { VERSION } from "../version.ts";

/** `help`, which knows all other commands. */
export function helpCommand(commands: () => readonly Command[]): Command {
  return {
    words: "help",
    about: "Show all commands, or one",
    operands: [{ name: "COMMAND", optional: true }, { name: "...", optional: true }],
    run({ operands }) {
      const all = commands();
      const group = all.filter(({ words }) => words.startsWith(`${operands.join(" ")} `));
      const text = operands.length === 0
        ? programHelp(all)
        : group.length > 0
        ? programHelp(group)
        : commandHelp(chooseCommand(operands, all).command);
      return Promise.resolve({ value: text.split("\n"), text });
    },
  };
}

/** `version`. */
export const versionCommand: Command = {
  words: "version",
  about: "Show the version",
  run: () =>
    Promise.resolve({
      value: { version: VERSION, deno: Deno.version.deno },
      text: `warmsite ${VERSION} (Deno ${Deno.version.deno})`,
    }),
};
