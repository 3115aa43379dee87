/**
 * The control messages as the table of docs/WIRE.md, made from their definition.
 *
 * @module
 */

import type { Fields } from "./fields.ts";
import { MESSAGES } from "./message.ts";

/** A Markdown section for every message: who sends it, what it is for, its fields. */
export function describeMessages(): string {
  const sections: string[] = [];
  for (const [type, { sender, where, about, fields }] of Object.entries(MESSAGES)) {
    const place = where === "session"
      ? "on channel 0"
      : where === "channel"
      ? "on a channel"
      : "anywhere";
    const who = sender === "both" ? "Either end" : `The ${sender}`;
    sections.push(`### ${type}\n\n${who}, ${place}. ${about}\n\n${fieldTable(fields)}`);
  }
  return sections.join("\n");
}

function fieldTable(fields: Fields): string {
  const rows = Object.entries(fields).map(([name, { describe }]) => `| ${name} | ${describe} |`);
  return `| field | value |\n|---|---|\n${rows.join("\n")}\n`;
}
