/**
 * Adds to the script in the text of a scenario, and leaves everything else of the text as somebody wrote it: comments,
 * order, spaces.
 *
 * Rule: what comes of it has that one step more; where the text cannot be changed in place it is written anew, with
 * its comments. A text that is no YAML stays as it is.
 *
 * @module
 */

import {
  type Document,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Json, JsonObject } from "../../engine/core/base/json.ts";

/** Bytes of the text that give way to others. */
interface Change {
  readonly from: number;
  readonly until: number;
  readonly text: string;
}

/** `text` with one more step at the end of its script, in the words of the language. */
export function appendStep(text: string, step: JsonObject): string {
  const document = parse(text);
  if (document === undefined) return text;
  const script = scriptOf(document);
  const line = flow(step);
  const changed = script === undefined
    ? withoutScript(text, document, line)
    : applied(text, [appended(text, script, line)]);
  const count = script?.items.length ?? 0;
  if (stepsIn(changed) === count + 1) return changed;
  if (script === undefined) document.set("script", [step]);
  else script.add(document.createNode(step));
  return String(document);
}

function parse(text: string): Document.Parsed | undefined {
  try {
    const document = parseDocument(text, { version: "1.2", schema: "core" });
    return document.errors.length === 0 && isMap(document.contents) ? document : undefined;
  } catch {
    return undefined;
  }
}

function scriptOf(document: Document.Parsed): YAMLSeq | undefined {
  const found = (document.contents as unknown as YAMLMap).get("script", true);
  return isSeq(found) ? found : undefined;
}

function stepsIn(text: string): number {
  const document = parse(text);
  return document === undefined ? -1 : scriptOf(document)?.items.length ?? 0;
}

/** A step behind the last one. */
function appended(text: string, script: YAMLSeq, line: string): Change {
  const last = script.items.at(-1) as Node | undefined;
  if (script.flow === true) {
    const end = (script.range?.[1] ?? text.length) - 1;
    const at = last === undefined ? end : endOf(last);
    return { from: at, until: at, text: last === undefined ? line : `, ${line}` };
  }
  const at = lineEnd(text, last === undefined ? startOf(script) : endOf(last));
  const first = script.items[0] as Node | undefined;
  const indent = first === undefined ? "  " : indentOf(text, startOf(first));
  return { from: at, until: at, text: `\n${indent}- ${line}` };
}

/** The script's key is missing, or has nothing behind it. */
function withoutScript(text: string, document: Document.Parsed, line: string): string {
  const whole = document.contents as unknown as YAMLMap;
  const pair = whole.items.find(({ key }) => isScalar(key) && key.value === "script");
  if (pair === undefined) {
    if (whole.flow === true) return "";
    return `${text}${text.endsWith("\n") ? "" : "\n"}script:\n  - ${line}\n`;
  }
  const at = lineEnd(text, endOf(pair.key as Node));
  return applied(text, [{ from: at, until: at, text: `\n  - ${line}` }]);
}

function applied(text: string, changes: readonly Change[]): string {
  return changes.toSorted((one, other) => other.from - one.from).reduce(
    (made, { from, until, text: piece }) => made.slice(0, from) + piece + made.slice(until),
    text,
  );
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** The end of the last thing that a part says. */
function endOf(node: Node): number {
  if (isCollection(node) && node.flow !== true) {
    const last = node.items.at(-1);
    const part = isPair(last) ? last.value ?? last.key : last;
    if (part !== undefined && part !== null) return endOf(part as Node);
  }
  return node.range?.[1] ?? 0;
}

/** The end of the line that a place is in; of a text of several lines the last one. */
function lineEnd(text: string, at: number): number {
  const from = text[at - 1] === "\n" ? at - 1 : at;
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** What stands before the dash of an entry. */
function indentOf(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  return line.match(/^ */)?.[0] ?? "";
}

/** A value on one line, as people would write it. */
function flow(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value as JsonObject).filter(([, each]) => each !== undefined);
    return `{${entries.map(([key, each]) => `${word(key)}: ${flow(each as Json)}`).join(", ")}}`;
  }
  return typeof value === "string" ? word(value) : String(value);
}

/** A text without quotes where it needs none. */
function word(text: string): string {
  const plain = /^[A-Za-z][A-Za-z0-9./ -]*[A-Za-z0-9]$|^[A-Za-z]$|^\d+[A-Za-z%][A-Za-z0-9%/.]*$/;
  const special = /^(?:true|false|null)$/i;
  // Digits with an "e" between are a number.
  return plain.test(text) && !special.test(text) && Number.isNaN(Number(text))
    ? text
    : JSON.stringify(text);
}
