/**
 * Text of others made harmless: names, stories and messages come from files, and a report is opened by people.
 *
 * @module
 */

// deno-lint-ignore no-control-regex -- control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g;
/** Marks that turn the direction of what stands behind them. */
const TURNING = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Without what no document may hold, and what would show a text as another one. */
export function printable(text: string): string {
  return text.toWellFormed().replace(UNPRINTABLE, "\ufffd").replace(TURNING, "\ufffd");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For HTML and XML, between tags and in quoted attributes. */
export function escapeXml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (letter) => ENTITIES[letter]!);
}

/** For one line of Markdown, in a table as well: nothing in it means anything. */
export function escapeMarkdown(text: string): string {
  return printable(text).replace(/\s+/g, " ")
    .replace(/[\\`*_{}[\]()#+!|~]/g, "\\$&")
    .replace(/^(\s*)([-=])/, "$1\\$2")
    // Only what ends in a blank begins a list; a backslash before a digit would be shown.
    .replace(/^(\s*\d+)\.(?=\s|$)/, "$1\\.")
    .replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** A field of CSV. A text that a spreadsheet would take for a formula gets an apostrophe before it. */
export function csvField(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = printable(value);
  const safe = /^[\s]*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n;']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
