/**
 * The text of a scenario under another name: that word changes, and nothing else of the text.
 *
 * @module
 */

import { isMap, isScalar, parseDocument } from "yaml";

/** What a scenario may be called. */
export const SCENARIO_NAME: RegExp = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** `text`, which is a scenario, with `name` as its name. */
export function renameScenario(text: string, name: string): string {
  const document = parseDocument(text);
  const value = isMap(document.contents) ? document.contents.get("name", true) : undefined;
  if (!isScalar(value) || !value.range) return text;
  const [from, until] = value.range;
  const quote = /^["']/.exec(text.slice(from, until))?.[0] ?? "";
  return text.slice(0, from) + quote + name + quote + text.slice(until);
}
