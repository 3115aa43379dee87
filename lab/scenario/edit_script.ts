/**
 * Changes the script in the text of a scenario, and leaves everything else of the text as somebody wrote it: comments,
 * order, spaces.
 *
 * Rule: what comes of it has that one step more, or less; where the text cannot be changed in place it is written anew, with
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

/** `text` without the step that is called `id`; steps that are called by their numbers are still those that are meant. */
export function removeStep(text: string, id: string): string {
  const document = parse(text);
  const script = document === undefined ? undefined : scriptOf(document);
  if (document === undefined || script === undefined) return text;
  const index = script.items.findIndex((item, at) => idOf(item, at) === id);
  if (index < 0) return text;
  const moved = new Set(
    script.items.flatMap((item, at) => at > index && !hasId(item) ? [String(at + 1)] : []),
  );
  const changes = [removed(text, script, index), ...renumbered(document, moved)];
  const changed = applied(
    text,
    changes.filter(({ from }, at) => at === 0 || !within(from, changes[0])),
  );
  if (stepsIn(changed) === script.items.length - 1) return changed;
  script.items.splice(index, 1);
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

function hasId(item: unknown): boolean {
  return isMap(item) && item.has("id");
}

function idOf(item: unknown, at: number): string {
  return String((isMap(item) ? item.get("id") : undefined) ?? at + 1);
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

/** A step goes, and with it the line that it stands on. */
function removed(text: string, script: YAMLSeq, index: number): Change {
  const item = script.items[index] as Node;
  if (script.flow === true) {
    const next = script.items[index + 1] as Node | undefined;
    const before = script.items[index - 1] as Node | undefined;
    if (next !== undefined) return { from: startOf(item), until: startOf(next), text: "" };
    const from = before === undefined ? startOf(item) : endOf(before);
    return { from, until: endOf(item), text: "" };
  }
  const from = text.lastIndexOf("\n", startOf(item) - 1) + 1;
  return { from, until: Math.min(text.length, lineEnd(text, endOf(item)) + 1), text: "" };
}

/** Numbers of steps that moved up by one, wherever something waits for them or expects something of them. */
function renumbered(document: Document.Parsed, moved: ReadonlySet<string>): Change[] {
  const changes: Change[] = [];
  const look = (node: unknown, key: string): void => {
    if (isCollection(node)) {
      for (const item of node.items) {
        if (isPair(item)) look(item.value, String((item.key as { value?: unknown })?.value));
        else look(item, "");
      }
    } else if (isScalar(node) && ["after", "before", "step"].includes(key)) {
      const [number = "", rest] = String(node.value).split(".");
      if (!moved.has(number) || (rest !== undefined && rest !== "begin")) return;
      const text = `${Number(number) - 1}${rest === undefined ? "" : `.${rest}`}`;
      changes.push({ from: startOf(node), until: endOf(node), text });
    }
  };
  look(document.contents, "");
  return changes;
}

function within(at: number, change: Change | undefined): boolean {
  return change !== undefined && at >= change.from && at < change.until;
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
