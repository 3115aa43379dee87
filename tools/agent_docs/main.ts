/**
 * Writes the tables of docs/AGENT.md from the commands of the program.
 *
 *     deno run -A tools/agent_docs/main.ts
 *
 * A test compares them, so that the page cannot fall behind.
 *
 * @module
 */

import { commandsMarkdown, optionsMarkdown } from "../../engine/agent/command/help_text.ts";
import { COMMANDS } from "../../engine/agent/commands/all.ts";

const page = new URL("../../docs/AGENT.md", import.meta.url);
let text = Deno.readTextFileSync(page);
text = replaceTable(text, "| command | what it does |", commandsMarkdown(COMMANDS));
text = replaceTable(text, "| command | option | meaning |", optionsMarkdown(COMMANDS));
Deno.writeTextFileSync(page, text);

/** `text` with the table under `heading` replaced. */
function replaceTable(text: string, heading: string, table: string): string {
  const start = text.indexOf(heading);
  if (start < 0) throw new Error(`docs/AGENT.md has no table "${heading}"`);
  const end = text.indexOf("\n\n", start);
  return text.slice(0, start) + table + (end < 0 ? "\n" : text.slice(end));
}
